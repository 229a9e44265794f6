/**
 * The jobs of a search: one per evaluation, with its point as input and its objective as result.
 */
import type { SiteClient } from '../../client/site-client.ts'
import { BjobError, requestError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import type { EarlyStop } from '../../core/life/history-event.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { type State, isEnded } from '../../core/life/states.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { readJobFile } from '../../site/job/job-files.ts'
import { type Result, readObjective } from './objective.ts'
import type { Space } from '../space/space.ts'
import { parseSearch } from './search.ts'
import { RESULT_FILE, Study } from './study.ts'
import { trialOfName } from './trial-name.ts'

export interface EvaluationJob {
  readonly entry: JobEntry
  /** Id of the trial. */
  readonly id: number
}

/** The end of a job and its result. */
export interface EvaluationEnd {
  readonly state: State
  /** The last message of its history. */
  readonly message: string
  /** The report at which the search stopped it. */
  readonly early?: EarlyStop | undefined
  /** Content of its result file; null if missing. */
  readonly content: string | null
  /** Reason why an existing file has no content. */
  readonly problem?: string
}

/** Name of the file with the point. */
export function inputOf({ name }: { readonly name: string }): string {
  return `${name}.json`
}

/** The evaluation jobs of a workflow, in the order of their points. */
export async function listEvaluationJobs(client: SiteClient, workflow: string): Promise<EvaluationJob[]> {
  const entries = await client.select({ workflow: [workflow] }).entries()
  return entries
    .map((entry) => ({ entry, id: trialOfName(nameOf(entry.id)) }))
    .filter((one): one is EvaluationJob => one.id !== undefined)
    .sort((one, other) => one.id - other.id)
}

/** The text for `Study.parseTask`. @throws BjobError `no-evaluation` */
export async function readTask(client: SiteClient, job: JobId, id: number): Promise<string> {
  const text = await readIfThere(client, job, inputOf({ name: nameOf(job) }))
  if (text !== null) return text
  throw requestError('no-evaluation', `${job} already exists and was not made by a search (it has no point ${id + 1})`)
}

/** The outcome of an ended job; undefined if it was restarted meanwhile. */
export async function readEvaluation(
  client: SiteClient,
  id: JobId,
  space: Space,
  file: string,
): Promise<Result | undefined> {
  try {
    const job = await client.job(id)
    if (!job.isEnded) return undefined
    const content = job.state === 'JOB_FINISHED' ? await readIfThere(client, id, file) : null
    const last = (await job.history()).at(-1)
    const early = last?.event?.kind === 'stopped-early' ? last.event : undefined
    return toResult({ state: job.state, message: last?.message ?? '', early, content }, space, file)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    return { kind: 'failed', reason: error.message }
  }
}

export function toResult(
  { state, message, early, content, problem }: EvaluationEnd,
  space: Space,
  file: string,
): Result {
  if (state === 'JOB_FINISHED' && problem !== undefined) return { kind: 'failed', reason: problem }
  if (state === 'JOB_FINISHED') return readObjective(content, space, file)
  if (early !== undefined && early.value !== null) return { kind: 'stopped', step: early.step, value: early.value }
  return { kind: 'failed', reason: message === '' ? state : message }
}

/** The search whose evaluations are the jobs of a workflow; undefined if it is not a search. */
export async function readStudy(client: SiteClient, workflow: string): Promise<Study | undefined> {
  const found = await listEvaluationJobs(client, workflow)
  const first = found[0]
  if (first === undefined) return undefined
  const opened = await openStudy(client, first)
  if (opened === undefined) return undefined
  const { study, file } = opened
  const { space } = study.search
  const jobs = await mapConcurrently(found, AT_ONCE, async ({ entry, id }) => ({
    id,
    task: await ifEvaluation(() => readTask(client, entry.id, id)),
    result: isEnded(entry.state) ? await readEvaluation(client, entry.id, space, file) : undefined,
  }))
  for (const { id, task, result } of jobs) {
    if (task === undefined || (await ifEvaluation(() => study.adopt(study.parseTask(task, id)))) === undefined) continue
    if (result !== undefined) study.tell(id, result)
  }
  return study
}

async function openStudy(
  client: SiteClient,
  { entry, id }: EvaluationJob,
): Promise<{ readonly study: Study; readonly file: string } | undefined> {
  return ifEvaluation(async () => {
    const task = JSON.parse(await readTask(client, entry.id, id)) as Readonly<Record<string, unknown>>
    const { space, params, file } = task
    const search = parseSearch({ ...(space as object), params })
    const study = new Study(search, { sampler: 'random', seed: 0, evaluations: 1 })
    return { study, file: typeof file === 'string' ? file : RESULT_FILE }
  })
}

/**
 * Undefined for a job that has the name of an evaluation but belongs to no search, or to another.
 */
async function ifEvaluation<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    if (error instanceof BjobError && ['no-evaluation', 'other-space', 'bad-space', 'bad-point'].includes(error.code))
      return undefined
    throw error
  }
}

async function readIfThere(client: SiteClient, id: JobId, file: string): Promise<string | null> {
  try {
    return await readJobFile(client.site, id, file)
  } catch (error) {
    if (error instanceof BjobError && ['no-such-file', 'link-outside'].includes(error.code)) return null
    throw error
  }
}

function nameOf(id: JobId): string {
  return id.slice(id.indexOf('/') + 1)
}
