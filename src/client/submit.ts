/** Hands allocations to the batch scheduler: fills in the site's batch script, submits it, and tells later what became of it. */
import fs from 'node:fs'
import path from 'node:path'
import { BjobError, requestError } from '../core/errors.ts'
import type { IndexEntry } from '../core/job-index.ts'
import { type Specification, fromRecord } from '../core/specification.ts'
import { isEnded } from '../core/states.ts'
import { hasCommand, runCommand } from '../lib/run-command.ts'
import { renderBatchScript } from '../platform/batch-script.ts'
import type { BatchStatus, Scheduler } from '../platform/scheduler.ts'
import { detectSubmission, findScheduler } from '../platform/schedulers.ts'
import type { Site } from '../site/site.ts'
import {
  type Submission,
  type SubmissionRecord,
  createSubmission,
  listSubmissions,
  readBatchTemplate,
  removeSubmission,
  submissionId,
  writeSubmission,
} from '../site/submissions.ts'

/** A scheduler under load may take its time to accept a job; asked for a state, it should not hold up a listing. */
const SUBMIT_TIMEOUT_MS = 120_000
const STATUS_TIMEOUT_MS = 15_000
/** The states of this many submissions are asked for, the newest. */
const ASKED = 200
/** The scheduler's warning comes this long before the launcher would by itself begin to end its jobs. */
const WARNING_SECONDS = 10
/** What PBS takes at most. */
const LONGEST_NAME = 15

export interface AllocationRequest {
  readonly nodes: number
  readonly minutes: number
  readonly queue?: string
  readonly account?: string
  readonly jobMode: 'auto' | 'serial' | 'mpi'
  /** The words that start the launcher, absolute: the batch script has another environment and another folder. */
  readonly launch: readonly string[]
  /** The folder of the templates that bjob brings, for a site that has none of its own. */
  readonly templates: string
}

export interface RenderedScript {
  readonly scheduler: Scheduler
  readonly submission: Submission
  readonly script: string
}

/** @throws BjobError `unknown-scheduler`; `no-scheduler` where none is installed */
export function findSubmitter(site: Site): Scheduler {
  const { scheduler } = site.settings
  if (scheduler === 'auto') return detectSubmission(hasCommand)
  return findScheduler(scheduler)
}

/**
 * The batch script as it would be submitted. Changes nothing.
 * @throws BjobError `unknown-scheduler`, `no-scheduler`, `no-template`, `unknown-variable`, `bad-template-value`, `bad-walltime`
 */
export async function renderAllocation(site: Site, request: AllocationRequest): Promise<RenderedScript> {
  const scheduler = findSubmitter(site)
  const { nodes, minutes, queue, account } = request
  const id = submissionId()
  const paths = site.layout.submission(id)
  // Asked here for its refusal: without a scheduler there is no script either.
  scheduler.submitCommand(paths.script)
  const template = await findBatchTemplate(site, scheduler, request.templates)
  const warningSeconds = site.settings.grace_seconds + WARNING_SECONDS
  const { cores } = site.settings.node
  const script = renderBatchScript(
    template.text,
    {
      name: `bjob-${path.basename(site.layout.root).replaceAll(/[^\w.-]/g, '-')}`.slice(0, LONGEST_NAME),
      nodes,
      time_limit: scheduler.formatLimit(minutes * 60),
      queue,
      account,
      output: paths.output,
      warning_seconds: warningSeconds,
      warning_minutes: Math.ceil(warningSeconds / 60),
      parallel_environment: undefined,
      slots: cores === undefined ? undefined : nodes * cores,
      directives: undefined,
      setup: undefined,
      site: site.layout.root,
      launch: request.launch,
    },
    template.path,
  )
  const record: SubmissionRecord = {
    scheduler: scheduler.name,
    nodes,
    minutes,
    ...(queue === undefined ? {} : { queue }),
    ...(account === undefined ? {} : { account }),
    submitted: new Date().toISOString(),
  }
  return { scheduler, submission: { id, record }, script }
}

async function findBatchTemplate(site: Site, { name }: Scheduler, folder: string) {
  const own = await readBatchTemplate(site, name)
  if (own !== undefined) return own
  const file = path.join(folder, 'batch', `${name}.sh`)
  if (fs.existsSync(file)) return { path: file, text: fs.readFileSync(file, 'utf8') }
  throw requestError('no-template', `there is no template for a batch script of ${name}`, {
    hint: `write ${site.layout.batchTemplate(name)}`,
  })
}

/**
 * Hands a rendered script to its scheduler and records it.
 * @throws BjobError `submit-failed` with what the scheduler said; nothing is recorded then
 */
export async function submitAllocation(site: Site, rendered: RenderedScript): Promise<Submission> {
  const { scheduler, submission, script } = rendered
  const { id, record } = submission
  await createSubmission(site, submission, script)
  const { args, stdinPath } = scheduler.submitCommand(site.layout.submission(id).script)
  const command = args[0] ?? ''
  try {
    if (!hasCommand(command)) {
      throw requestError('submit-failed', `${command} is not on the PATH`, {
        hint: 'submit where the scheduler is installed: on a login node',
      })
    }
    const { code, stdout, stderr } = await runCommand(args, SUBMIT_TIMEOUT_MS, stdinPath === undefined ? '' : script)
    if (code !== 0) throw requestError('submit-failed', `${command} refused: ${firstLine(stderr, stdout)}`)
    const submitted = { id, record: { ...record, scheduler_id: scheduler.parseSubmitted(stdout) } }
    await writeSubmission(site, submitted)
    return submitted
  } catch (error) {
    if (error instanceof BjobError && error.code === 'submit-failed') await removeSubmission(site, id)
    throw error
  }
}

/** What a scheduler said, in a line: the first that speaks of an error, else the last one. */
function firstLine(stderr: string, stdout: string): string {
  const lines = `${stderr}\n${stdout}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const line = lines.find((text) => /error|invalid|fail|denied/i.test(text)) ?? lines.at(-1)
  return line?.replace(/^\w+: error: /, '').slice(0, 300) ?? 'it said nothing'
}

/**
 * Refuses an allocation that would have nothing to run.
 * @param entries the jobs that it is for
 * @throws BjobError `no-runnable-job`
 */
export function checkDemand(entries: readonly IndexEntry[], request: AllocationRequest): void {
  const { nodes, minutes, jobMode } = request
  const waiting = entries
    .filter(({ state, broken }) => !isEnded(state) && state !== 'RUNNING' && broken === undefined)
    // The journal may not tell what a job asks for; then it may fit.
    .map(({ id, spec }) => ({ id, job: spec === undefined ? undefined : fromRecord(spec) }))
    .filter(({ job }) => job === undefined || isOfMode(job, jobMode))
  if (waiting.length === 0) {
    throw requestError('no-runnable-job', 'no job that could run matches; an allocation would have nothing to do', {
      hint: 'spawn jobs first; `bjob ls --by-state` counts them',
    })
  }
  const misfits = waiting.flatMap(({ id, job }) => {
    const misfit = job === undefined ? undefined : findMisfit(job, nodes, minutes)
    return misfit === undefined ? [] : [`${id} ${misfit}`]
  })
  if (misfits.length < waiting.length) return
  const others = misfits.length === 1 ? '' : `, and ${misfits.length - 1} others do not fit either`
  throw requestError(
    'no-runnable-job',
    `no job fits into ${nodes} nodes for ${minutes} minutes: ${misfits[0] ?? ''}${others}`,
    { hint: 'ask for more with -n and -t' },
  )
}

function isOfMode({ numNodes, ranksPerNode }: Specification, mode: AllocationRequest['jobMode']): boolean {
  return mode === 'auto' || (mode === 'serial') === (numNodes * ranksPerNode === 1)
}

function findMisfit(job: Specification, nodes: number, minutes: number): string | undefined {
  if (job.numNodes > nodes) return `asks for ${job.numNodes} nodes`
  return job.wallTimeMinutes > minutes ? `asks for ${job.wallTimeMinutes} minutes` : undefined
}

/**
 * What the schedulers say of the site's submissions now. One that does not answer leaves its submissions `unknown`.
 * @returns oldest first; without a status where there is nobody to ask
 */
export async function inspectSubmissions(
  site: Site,
): Promise<{ readonly submission: Submission; readonly status: BatchStatus | undefined }[]> {
  const submissions = await listSubmissions(site)
  const status = new Map<string, BatchStatus>()
  const asked = new Map<string, Submission[]>()
  for (const submission of submissions.slice(-ASKED)) {
    const { scheduler, scheduler_id: id } = submission.record
    if (id !== undefined) asked.set(scheduler, [...(asked.get(scheduler) ?? []), submission])
  }
  for (const [name, group] of asked) {
    const scheduler = findScheduler(name)
    const ids = group.map(({ record }) => record.scheduler_id ?? '')
    const command = scheduler.statusCommand(ids)
    if (!hasCommand(command[0] ?? '')) continue
    const { stdout } = await runCommand(command, STATUS_TIMEOUT_MS)
    const states = scheduler.parseStatus(stdout, ids)
    for (const { id, record } of group) {
      const state = states.get(record.scheduler_id ?? '')
      if (state !== undefined) status.set(id, state)
    }
  }
  return submissions.map((submission) => ({ submission, status: status.get(submission.id) }))
}
