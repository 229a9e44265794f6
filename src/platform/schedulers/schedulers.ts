/**
 * Selects the scheduler: by the settings, else by the batch job's environment, else by the
 * installed commands.
 */
import { requestError } from '../../core/text/errors.ts'
import { cobalt } from './cobalt.ts'
import { flux } from './flux.ts'
import { gridEngine } from './grid-engine.ts'
import { lsf } from './lsf.ts'
import { none } from './none.ts'
import { pbs } from './pbs.ts'
import type { Environment, Scheduler } from './scheduler.ts'
import { slurm } from './slurm.ts'

/**
 * In order of detection. Flux often runs inside another scheduler's job and then assigns the nodes;
 * Cobalt sets some of PBS's variables; `none` always matches.
 */
export const SCHEDULERS: readonly Scheduler[] = [flux, slurm, lsf, cobalt, pbs, gridEngine, none]

/** @throws BjobError `unknown-scheduler` */
export function findScheduler(name: string): Scheduler {
  const found = SCHEDULERS.find((scheduler) => scheduler.name === name)
  if (found !== undefined) return found
  const names = SCHEDULERS.map((scheduler) => scheduler.name).join(', ')
  throw requestError('unknown-scheduler', `'${name}' is not a scheduler`, {
    path: 'bjob.yaml',
    field: 'scheduler',
    hint: `Choose one of: auto, ${names}.`,
  })
}

/** The scheduler of the batch job that this environment belongs to; `none` outside one. */
export function detectAllocation(env: Environment): Scheduler {
  return SCHEDULERS.find((scheduler) => scheduler.isInside(env)) ?? none
}

/**
 * The scheduler that a site submits to: the configured one, else the installed one.
 * @throws BjobError `unknown-scheduler`
 */
export function findSubmission(setting: string, has: (command: string) => boolean): Scheduler {
  return setting === 'auto' ? detectSubmission(has) : findScheduler(setting)
}

/** The scheduler whose submit command is on the PATH; `none` if there is none. */
export function detectSubmission(has: (command: string) => boolean): Scheduler {
  // Flux comes last: its command is installed on many machines that use another scheduler.
  const others = SCHEDULERS.filter((scheduler) => scheduler !== flux && scheduler !== none)
  return [...others, flux].find((scheduler) => scheduler.isInstalled(has)) ?? none
}
