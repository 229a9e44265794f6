/**
 * Stages files in and out with commands that the agent runs on the launcher's own node, the one
 * most likely to have network access, with a log and a time limit. Files arrive in a separate
 * folder and are renamed into place. After a death, the next launcher repeats the transfer over
 * partial files.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { type Aside, asideOf } from '../../core/job/aside.ts'
import { BjobError } from '../../core/text/errors.ts'
import { type InputFile, inputsAtStart } from '../../core/life/job-inputs.ts'
import { type Staged, type StagingName, fewOf } from '../../core/life/history-event.ts'
import type { HistoryEntry, JobState } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { type StagePlace, parseStageUrl, stagedName } from '../../core/job/stage-url.ts'
import { hasCommand } from '../../lib/process/run-command.ts'
import {
  type LocalCopy,
  copyWords,
  fetchWords,
  linkWords,
  makeAsideWords,
  publishWords,
  sendWords,
  wordsAt,
} from '../../platform/transfer.ts'
import { checkLinks, leadsOutTo, checkInputName } from '../../site/job/input-files.ts'
import { stageInAside } from '../../site/disk/layout.ts'
import { stepLogPath } from '../../site/job/output.ts'
import type { Site } from '../../site/site.ts'
import { type ParentInputs, findInputsAtStart } from '../../site/job/stage-in.ts'
import { findOutputs } from '../../site/job/stage-out.ts'
import { type HookEnd, runStep } from './hooks.ts'
import type { JobToRun } from './job-command.ts'
import type { RunContext } from './run-context.ts'
import type { Stopping } from './stopping.ts'

/** `staged`: the event for the history. */
export type StagingEnd = Exclude<HookEnd, { kind: 'ok' }> | { readonly kind: 'ok'; readonly staged: Staged }

/**
 * Fetches `stage_in_url`, and copies of the parents' files if requested, into the folder of a job
 * in `state`.
 */
export async function stageIn(
  context: RunContext,
  state: JobState,
  job: JobToRun,
  stopping: Stopping,
): Promise<StagingEnd> {
  const { site, launcher } = context
  const { dir } = site.layout.job(job.id)
  return attempt(async () => {
    const places = job.spec.stageInUrl.map(parseStageUrl)
    for (const name of places.map(stagedName)) checkInputName(name)
    const aside = stageInAside(launcher)
    const folder = path.join(dir, aside.name)
    const copiesInputs = inputsAtStart(state, job.spec) === 'copy'
    const found = copiesInputs ? await findInputsAtStart(site, job.id, job.spec) : NOTHING
    const { copies, links } = await planCopies(site, found.inputs, folder)
    const names = [...found.inputs.map(({ name }) => name), ...places.map(stagedName)]
    const commands = [
      makeAsideWords(dir, aside),
      ...copyWords(copies),
      ...linkWords(links),
      ...places.map((place) => fetchWords(place, folder, hasCommand('rsync'))),
      publishWords(dir, aside.name, names, isDurable(site)),
    ]
    const outside = links.map(({ to }) => path.basename(to))
    const { unmatched } = found
    return runAll(context, job, commands, stopping, {
      ...stagedOf('stage-in', names),
      ...(outside.length === 0 ? {} : { outside }),
      ...(unmatched.length === 0 ? {} : { unmatched }),
    })
  })
}

/** @throws BjobError `unsafe-path` for a folder with a link that leads out of the site */
async function planCopies(
  site: Site,
  inputs: readonly InputFile[],
  folder: string,
): Promise<{ readonly copies: LocalCopy[]; readonly links: LocalCopy[] }> {
  const plan = { copies: [] as LocalCopy[], links: [] as LocalCopy[] }
  for (const { file, name } of inputs) {
    const to = path.join(folder, name)
    const outside = await leadsOutTo(site, file)
    if (outside !== undefined) plan.links.push({ from: outside, to })
    else {
      await checkLinks(site, file, site.layout.root)
      plan.copies.push({ from: file, to })
    }
  }
  return plan
}

const NOTHING: ParentInputs = { inputs: [], unmatched: [] }

function stagedOf(step: StagingName, names: readonly string[]): Staged {
  const { first, count } = fewOf(names)
  return { kind: 'staged', step, files: first, count }
}

function isDurable({ settings }: Site): boolean {
  return settings.durability === 'node'
}

/**
 * Sends the files that match `stage_out_files` to the folder `stage_out_url`, which is made if
 * missing.
 */
export async function stageOut(context: RunContext, job: JobToRun, stopping: Stopping): Promise<StagingEnd> {
  const { site, launcher } = context
  return attempt(async () => {
    const files = await findOutputs(site, job.id, job.spec.stageOutFiles)
    const place: StagePlace = parseStageUrl(job.spec.stageOutUrl ?? '')
    const aside = stageOutAside(site.layout.job(job.id).dir, launcher)
    const folder = path.posix.join(place.path, aside.name)
    const names = files.map((file) => path.basename(file))
    const commands = [
      wordsAt(place, makeAsideWords(place.path, aside)),
      sendWords(files, place, folder, hasCommand('rsync')),
      wordsAt(place, publishWords(place.path, aside.name, names, isDurable(site))),
    ]
    const to = job.spec.stageOutUrl ?? ''
    return runAll(context, job, commands, stopping, { ...stagedOf('stage-out', names), to })
  })
}

/** The temporary folder at the destination, which other jobs and sites may share. */
function stageOutAside(dir: string, launcher: string): Aside {
  return asideOf(`.bjob-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`, launcher)
}

/** An error of the request or of the job's files fails the staging. */
async function attempt(act: () => Promise<StagingEnd>): Promise<StagingEnd> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof BjobError)
      return { kind: 'failed', fault: { reason: `${error.message} (${error.hint})` }, tail: '' }
    if (error instanceof SyntaxError) return { kind: 'failed', fault: { reason: error.message }, tail: '' }
    throw error
  }
}

async function runAll(
  context: RunContext,
  job: JobToRun,
  commands: readonly (readonly string[])[],
  stopping: Stopping,
  staged: Staged,
): Promise<StagingEnd> {
  const { site, allocation } = context
  const output = stepLogPath(site, job.id, staged.step)
  for (const words of commands) {
    const step = { node: allocation.head, words, environment: {}, output, limit: 'stage_seconds' } as const
    const end = await runStep(context, job, step, stopping)
    if (end.kind === 'failed') return { ...end, fault: { program: path.basename(words[0] ?? ''), ...end.fault } }
    if (end.kind === 'stopped') return end
  }
  return { kind: 'ok', staged }
}

export function hasStageOut({ stageOutUrl, stageOutFiles }: JobSpec): boolean {
  return stageOutUrl !== undefined && stageOutFiles.length > 0
}

/**
 * True if the run and its postprocess succeeded. A handler that turns an error into JOB_FINISHED
 * does not count, because its files may differ.
 */
export function isDoneWell(before: JobState, steps: readonly HistoryEntry[]): boolean {
  const hasRun = [before, ...steps].some(({ state }) => state === 'RUN_DONE')
  return hasRun && steps.at(-1)?.state === 'JOB_FINISHED'
}
