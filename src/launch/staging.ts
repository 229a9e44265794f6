/**
 * Stages a job's files in and out: commands that the agent runs on the launcher's own node, which is the likeliest one to have a way to the world, with
 * a log and a time limit. Everything arrives aside and is renamed into place. Whoever goes on after a death does it again, over what arrived.
 */
import path from 'node:path'
import { BjobError } from '../core/errors.ts'
import type { HookResult } from '../core/outcome.ts'
import { type StagePlace, parseStageUrl, stagedName } from '../core/stage-url.ts'
import { hasCommand } from '../lib/run-command.ts'
import { fetchWords, publishWords, sendWords, wordsAt } from '../platform/transfer.ts'
import { checkInputName } from '../site/jobs.ts'
import { STAGE_IN_ASIDE, stageOutAside } from '../site/layout.ts'
import { stepLogPath } from '../site/output.ts'
import { findOutputs } from '../site/stage-out.ts'
import { type HookEnd, runStep } from './hooks.ts'
import type { JobToRun } from './job-command.ts'
import type { Surroundings } from './surroundings.ts'
import type { Stopping } from './stopping.ts'

/** `names`: what has been staged. */
export type StagingEnd = Exclude<HookEnd, { kind: 'ok' }> | { readonly kind: 'ok'; readonly names: readonly string[] }

/** Brings what `stage_in_url` names into the job's folder. */
export async function stageIn(surroundings: Surroundings, job: JobToRun, stopping: Stopping): Promise<StagingEnd> {
  const { disk, layout } = surroundings.site
  const { dir } = layout.job(job.id)
  return attempt(async () => {
    const places = job.specification.stageInUrl.map(parseStageUrl)
    const names = places.map(stagedName)
    for (const name of names) checkInputName(name)
    const aside = path.join(dir, STAGE_IN_ASIDE)
    await disk.makeParents(aside)
    const fetches = places.map((place) => fetchWords(place, aside, hasCommand('rsync')))
    const commands = [...fetches, publishWords(dir, STAGE_IN_ASIDE, names)]
    return runAll(surroundings, job, 'stage-in', commands, names, stopping)
  })
}

/** Brings what `stage_out_files` finds in the job's folder to `stage_out_url`, a folder that is made where it is not there. */
export async function stageOut(surroundings: Surroundings, job: JobToRun, stopping: Stopping): Promise<StagingEnd> {
  const { site } = surroundings
  return attempt(async () => {
    const files = await findOutputs(site, job.id, job.specification.stageOutFiles)
    const place: StagePlace = parseStageUrl(job.specification.stageOutUrl ?? '')
    const aside = stageOutAside(job.id)
    const folder = path.posix.join(place.path, aside)
    const names = files.map((file) => path.basename(file))
    const commands = [
      wordsAt(place, ['mkdir', '-p', '--', folder]),
      sendWords(files, place, folder, hasCommand('rsync')),
      wordsAt(place, publishWords(place.path, aside, names)),
    ]
    return runAll(surroundings, job, 'stage-out', commands, names, stopping)
  })
}

/** What is wrong with the request, or with the job's own files, fails the staging. */
async function attempt(act: () => Promise<StagingEnd>): Promise<StagingEnd> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof BjobError || error instanceof SyntaxError)
      return { kind: 'failed', reason: error.message, tail: '' }
    throw error
  }
}

async function runAll(
  surroundings: Surroundings,
  job: JobToRun,
  what: 'stage-in' | 'stage-out',
  commands: readonly (readonly string[])[],
  names: readonly string[],
  stopping: Stopping,
): Promise<StagingEnd> {
  const { site, allocation } = surroundings
  const output = stepLogPath(site, job.id, what)
  for (const words of commands) {
    const step = { node: allocation.head, words, environment: {}, output, limit: 'stage_seconds' } as const
    const end = await runStep(surroundings, job, step, stopping)
    if (end.kind === 'failed') return { ...end, reason: reasonOf(words, end) }
    if (end.kind === 'stopped') return end
  }
  return { kind: 'ok', names }
}

function reasonOf([command = '']: readonly string[], { reason }: HookResult & { kind: 'failed' }): string {
  return `${path.basename(command)} ${reason}`
}
