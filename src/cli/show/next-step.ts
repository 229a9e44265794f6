/** Suggests the next command, for `bjob` alone and for other commands. */
import { readLaunchers } from '../../client/explain/launcher-facts.ts'
import type { SiteClient } from '../../client/site-client.ts'
import { askSchedulers } from '../../client/allocation/submission-status.ts'
import { findSubmitter } from '../../client/allocation/submit-launchers.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { isEnded } from '../../core/life/states.ts'
import { detectAllocation } from '../../platform/schedulers/schedulers.ts'
import type { Site } from '../../site/site.ts'
import { listSubmissions } from '../../site/launcher/submissions.ts'

/** A command with its reason. */
export type NextStep = readonly [command: string, reason: string]

export const FIRST_SITE = 'bjob init mysite'
export const FIRST_APPLICATION = "bjob app add hello --executable 'echo hello'"

const HERE = 'bjob launch'

export function firstSpawn(application: string): string {
  return `bjob spawn --app ${application} --name first`
}

/**
 * The command that runs jobs from here: a launcher or, on a login node, a submission. @throws
 * BjobError `unknown-scheduler`
 */
export function startingCommand(site: Site): string {
  const isInside = detectAllocation(process.env).name !== 'none'
  return isInside || findSubmitter(site).name === 'none' ? HERE : 'bjob submit -n 1 -t 60'
}

export async function isAnyRunning(site: Site): Promise<boolean> {
  return (await readLaunchers(site)).some(({ end }) => end === undefined)
}

async function isAnyQueued(site: Site): Promise<boolean> {
  const states = await askSchedulers(await listSubmissions(site))
  return [...states.values()].some(({ state }) => state === 'queued' || state === 'running')
}

/** Most useful first. */
export async function nextSteps(
  { site }: SiteClient,
  applications: readonly string[],
  entries: readonly JobEntry[],
): Promise<readonly NextStep[]> {
  const [application] = applications
  if (application === undefined) return [[FIRST_APPLICATION, 'register an application that jobs may run']]
  if (entries.length === 0) return [[firstSpawn(application), 'make a job; put its arguments after --']]
  const failed = entries.filter(({ state }) => state === 'FAILED')
  const steps = [...(await stepsToRun(site, entries)), ...stepsAfter(failed)]
  if (steps.length > 0) return steps
  return [
    ['bjob results', 'print the results of the jobs'],
    ['bjob report', 'write a report of the site'],
  ]
}

async function stepsToRun(site: Site, entries: readonly JobEntry[]): Promise<readonly NextStep[]> {
  const [waiting] = entries.filter(({ state }) => !isEnded(state))
  if (waiting === undefined) return []
  if (!(await isAnyRunning(site))) {
    if (await isAnyQueued(site)) return [['bjob ls launchers', 'see the queued allocation that will run them']]
    const run: NextStep = [startingCommand(site), 'run the waiting jobs: no launcher is running']
    return run[0] === HERE ? [run] : [run, [HERE, 'run them on this machine, where that is allowed']]
  }
  const watch: NextStep = ['bjob watch', 'watch the progress']
  return entries.some(({ state }) => state === 'RUNNING')
    ? [watch]
    : [[`bjob why ${waiting.id}`, 'see why it is not running'], watch]
}

function stepsAfter(failed: readonly JobEntry[]): readonly NextStep[] {
  const [last] = failed.toSorted((one, other) => other.changed.localeCompare(one.changed))
  if (last === undefined) return []
  const log: NextStep = [`bjob log ${last.id}`, 'print the output of the last failed job']
  return failed.length === 1
    ? [log, [`bjob retry ${last.id}`, 'run it again after fixing the cause']]
    : [
        log,
        [
          'bjob ls --state FAILED',
          `list all ${failed.length} failed jobs; \`bjob retry --state FAILED\` runs them again`,
        ],
      ]
}
