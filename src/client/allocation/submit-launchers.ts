/** Submits an allocation: fills in the site's batch script and passes it to the scheduler. */
import fs from 'node:fs'
import path from 'node:path'
import { BjobError, requestError, siteError } from '../../core/text/errors.ts'
import { hasCommand, runCommand } from '../../lib/process/run-command.ts'
import { defined } from '../../lib/defined.ts'
import { renderBatchScript } from '../../platform/schedulers/batch-script.ts'
import type { Scheduler } from '../../platform/schedulers/scheduler.ts'
import { findSubmission } from '../../platform/schedulers/schedulers.ts'
import { withoutJob } from '../../platform/schedulers/surrounding-job.ts'
import type { Site } from '../../site/site.ts'
import {
  type Submission,
  type SubmissionRecord,
  createSubmission,
  readBatchTemplate,
  removeSubmission,
  submissionId,
  writeSubmission,
} from '../../site/launcher/submissions.ts'

/** A scheduler under load may be slow to accept a job. */
const SUBMIT_TIMEOUT_MS = 120_000
/** Lead of the scheduler's warning over the launcher's own end. */
const WARNING_SECONDS = 10
/** PBS's limit. */
const LONGEST_NAME = 15

export interface AllocationRequest {
  readonly nodes: number
  readonly minutes: number
  readonly queue?: string
  readonly account?: string
  readonly jobMode: 'auto' | 'serial' | 'mpi'
  /**
   * The command that starts bjob here, with absolute paths: the batch script has another
   * environment and folder.
   */
  readonly starter: readonly string[]
  /** Further options and filters of the launcher. */
  readonly options: readonly string[]
  /** Folder of bjob's own templates, for a site without one. */
  readonly templates: string
}

export interface RenderedScript {
  readonly scheduler: Scheduler
  readonly submission: Submission
  readonly script: string
}

/** @throws BjobError `unknown-scheduler`; `no-scheduler` if none is installed */
export function findSubmitter(site: Site): Scheduler {
  return findSubmission(site.settings.scheduler, hasCommand)
}

/**
 * Renders the batch script without submitting it.
 * @throws BjobError `unknown-scheduler`, `no-scheduler`, `no-template`, `unknown-variable`,
 *   `bad-template-value`, `bad-walltime`
 */
export async function renderAllocation(site: Site, request: AllocationRequest): Promise<RenderedScript> {
  const scheduler = findSubmitter(site)
  const { nodes, minutes, queue, account } = request
  const id = submissionId()
  const paths = site.layout.submission(id)
  // Called for its error: without a scheduler there is no script.
  scheduler.submitCommand(paths.script)
  const template = await findBatchTemplate(site, scheduler, request.templates)
  const warningSeconds = site.settings.grace_seconds + WARNING_SECONDS
  const { node, batch } = site.settings
  const { directives, setup } = batch
  const starter = batch.command ?? request.starter
  const script = renderBatchScript(
    template.text,
    {
      name: `bjob-${path.basename(site.layout.root).replaceAll(/[^\w.-]/g, '-')}`.slice(0, LONGEST_NAME),
      nodes,
      time_limit: scheduler.formatLimit(minutes * 60),
      queue,
      account,
      output: { path: paths.output, directive: scheduler.formatOutput(paths.output) },
      warning_seconds: warningSeconds,
      warning_minutes: Math.ceil(warningSeconds / 60),
      parallel_environment: undefined,
      slots: node.cores === undefined ? undefined : nodes * node.cores,
      directives: { lines: directives.map((words) => `${scheduler.directivePrefix} ${words}`) },
      setup: { lines: setup },
      site: site.layout.root,
      programs: starter.filter((word, at) => at === 0 || word.includes('/')),
      launch: [...starter, 'launch', ...request.options],
    },
    template.path,
  )
  const record: SubmissionRecord = {
    scheduler: scheduler.name,
    nodes,
    minutes,
    ...defined({ queue, account }),
    options: [...request.options],
    submitted: new Date().toISOString(),
  }
  return { scheduler, submission: { id, record }, script }
}

async function findBatchTemplate(site: Site, { name }: Scheduler, folder: string) {
  const own = await readBatchTemplate(site, name)
  if (own !== undefined) return own
  const file = path.join(folder, 'batch', `${name}.sh`)
  if (fs.existsSync(file)) return { path: file, text: fs.readFileSync(file, 'utf8') }
  throw requestError('no-template', `no batch script template for ${name}`, {
    hint: `write ${site.layout.batchTemplate(name)}`,
  })
}

/**
 * Submits a rendered script and records it.
 * @throws BjobError `submit-failed` with the scheduler's message, without a record.
 *   `submit-unanswered` if it did not answer in time: the record stays, without an id, because the
 *   allocation may be queued
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
        hint: 'run `bjob submit` where the scheduler is installed, for example on a login node',
      })
    }
    const { code, stdout, stderr } = await runCommand(args, SUBMIT_TIMEOUT_MS, {
      input: stdinPath === undefined ? '' : script,
      env: withoutJob(process.env, scheduler),
    })
    if (code === -1) throw siteError('submit-unanswered', `${command} did not answer: ${firstLine(stderr, stdout)}`)
    if (code !== 0) throw requestError('submit-failed', `${command} refused: ${firstLine(stderr, stdout)}`)
    const submitted = { id, record: { ...record, scheduler_id: scheduler.parseSubmitted(stdout) } }
    await writeSubmission(site, submitted)
    return submitted
  } catch (error) {
    if (error instanceof BjobError && error.code === 'submit-failed') await removeSubmission(site, id)
    throw error
  }
}

/** The scheduler's message in one line: the first error, else the last line. */
function firstLine(stderr: string, stdout: string): string {
  const lines = `${stderr}\n${stdout}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const line = lines.find((text) => /error|invalid|fail|denied/i.test(text)) ?? lines.at(-1)
  return line?.replace(/^\w+: error: /, '').slice(0, 300) ?? 'it printed nothing'
}
