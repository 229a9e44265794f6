/** `bjob launch`: runs jobs. */
import fs from 'node:fs'
import path from 'node:path'
import { starterOf } from '../../client/explain/compute-nodes.ts'
import { isEmptyFilter } from '../../core/index/filter.ts'
import { nameFew } from '../../lib/text/name-few.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { runLauncher } from '../../launch/run-launcher.ts'
import type { LaunchEvent, LaunchSummary } from '../../launch/launch-events.ts'
import { requestError } from '../../core/text/errors.ts'
import { defined } from '../../lib/defined.ts'
import type { Command, Session } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf, filterText } from '../arguments/filter-options.ts'
import { LaunchProgress } from '../watch/launch-progress.ts'
import type { Input } from '../command/option.ts'
import { Output } from '../command/list-output.ts'
import { ProgressLine } from '../terminal/progress-line.ts'
import { onStopSignal } from '../terminal/stop-signal.ts'

/**
 * Long enough for a driver that computes between rounds, short enough not to waste an allocation.
 */
const IDLE_SECONDS = 10

/** Maximum time that a stalled reader may delay the end of a launcher. */
const LAST_WORDS_MS = 2000

/**
 * A scheduler may signal the launcher and the batch script, which forwards the signal: that is one
 * request.
 */
const ECHO_MS = 1000

export const launchCommand: Command = {
  words: '[ID…]',
  about: `Runs jobs: inside an allocation on its nodes, elsewhere on this machine. Any number of launchers can run at
once; each job runs in one of them. Ctrl-C, SIGTERM or a warning of the scheduler (SIGUSR1, SIGUSR2, SIGXCPU)
stops the running jobs and leaves them to be restarted; a second Ctrl-C or SIGTERM stops them immediately.
${FILTER_HELP}`,
  options: [
    { name: 'slots', value: 'N', summary: 'serial jobs to run at once (default: one per core; 2 on a login node)' },
    { name: 'node-limit', value: 'N', summary: 'use at most N nodes of the allocation' },
    { name: 'node-offset', value: 'N', summary: 'skip the first N nodes of the allocation, for another launcher' },
    { name: 'job-mode', value: 'auto|serial|mpi', summary: 'kind of jobs to run (default auto: all)' },
    {
      name: 'idle-seconds',
      also: ['--idle'],
      value: 'S',
      summary: `exit after S idle seconds (default ${IDLE_SECONDS})`,
    },
    { name: 'persistent', summary: 'keep running when idle' },
    {
      name: 'time-limit-minutes',
      also: ['--time-limit', '--time', '-t'],
      value: 'M',
      summary: 'exit after M minutes; jobs that would not finish in time are not started',
    },
    { name: 'quiet', summary: 'print only problems and the summary' },
    { name: 'json', summary: 'print JSON, one object per line' },
    ...FILTER_OPTIONS,
  ],
  examples: [
    ['bjob launch', 'run all jobs, then exit'],
    ['bjob launch --slots 8 --persistent', 'run eight jobs at once and wait for more'],
    ['bjob launch --node-limit 2 & bjob launch --node-offset 2', 'run two launchers in one allocation'],
    ['bjob launch --workflow dl-hps --time-limit-minutes 55', 'run one workflow for at most 55 minutes'],
  ],
  async run(input, session) {
    const client = await session.open()
    const { site } = client
    const { terminal } = session
    const output = new Output(input, terminal)
    // An agent that cannot start would look like a fault of its node.
    for (const part of ['bin/agent.js', 'dist/agent.cjs']) fs.accessSync(path.join(session.packageRoot, part))
    const timeLimitMinutes = input.duration('time-limit-minutes', 'minutes')
    const slots = input.number('slots', 1)
    const nodeLimit = wholeOf(input, 'node-limit', 1)
    const nodeOffset = wholeOf(input, 'node-offset', 0)
    const options = {
      ...defined({ slots, nodeLimit, nodeOffset }),
      jobMode: input.choice('job-mode', ['auto', 'serial', 'mpi']) ?? 'auto',
      idleSeconds: input.duration('idle-seconds', 'seconds') ?? IDLE_SECONDS,
      persistent: input.has('persistent'),
      filter: filterOf(input),
      starter: starterOf(session.packageRoot),
      agentFile: path.join(session.packageRoot, 'bin', 'agent.js'),
      ...defined({ timeLimitMinutes }),
    } as const
    // A mistyped filter would waste the allocation.
    if (!isEmptyFilter(options.filter) && !(await client.select(options.filter).exists()))
      terminal.note(`bjob: no job matches ${filterText(options.filter)} yet; waiting for one`)
    const stop = new AbortController()
    const hurry = new AbortController()
    let heardMs = -Infinity
    onStopSignal((name, isWarning) => {
      const isEcho = isWarning || monotonicMs() - heardMs < ECHO_MS
      heardMs = monotonicMs()
      if (!stop.signal.aborted) stop.abort(name)
      else if (!isEcho) hurry.abort(name)
    })
    const isShown = ({ kind }: LaunchEvent): boolean => (input.has('quiet') ? kind === 'problem' : kind !== 'ended')
    const line = new ProgressLine(terminal, !input.has('quiet') && output.isText, (text) => terminal.writeLater(text))
    const progress = new LaunchProgress(site, options.filter, line)
    const ended = new Map<string, string>()
    const report = (event: LaunchEvent): void => {
      if (event.kind === 'job-ended' && event.id !== undefined) ended.set(event.state ?? '', event.id)
      if (!isShown(event)) return
      const text = output.isJson
        ? JSON.stringify(event)
        : `${event.kind === 'problem' ? terminal.paint('yellow', 'problem: ') : ''}${event.message}`
      line.print(`${text}\n`)
    }
    const summary = await runLauncher(site, options, report, stop.signal, hurry.signal).finally(() => progress.stop())
    const { launcher, reason, finished, failed, interrupted, killed } = summary
    const last = `${launcher}: ${reason}, exiting: ${finished} finished, ${failed} failed, ${interrupted} to restart, ${killed} killed`
    terminal.writeLater(`${output.isJson ? JSON.stringify({ kind: 'summary', ...summary }) : last}\n`)
    await terminal.settled(LAST_WORDS_MS)
    if (output.isText) {
      tellLeftBehind(summary, session)
      suggestLooking(summary, ended, session)
    }
    return summary.leftBehind.length === 0 ? 0 : 3
  },
}

function tellLeftBehind({ leftBehind }: LaunchSummary, { terminal }: Session): void {
  if (leftBehind.length === 0) return
  const ids = leftBehind.map(({ id }) => id)
  terminal.note(`bjob: jobs of dead launchers could not be taken over: ${nameFew(ids)}`)
  terminal.note('hint: `bjob fsck` shows the damage; `bjob fsck --repair` repairs it')
}

/** @param ended the last job in each state */
function suggestLooking(
  { finished, failed }: LaunchSummary,
  ended: ReadonlyMap<string, string>,
  { terminal }: Session,
): void {
  if (failed > 1) terminal.suggest('bjob ls --state FAILED')
  else if (failed === 1) terminal.suggest(`bjob log ${ended.get('FAILED') ?? ''}`)
  else if (finished > 1) terminal.suggest('bjob results')
  else if (finished === 1) terminal.suggest(`bjob log ${ended.get('JOB_FINISHED') ?? ''}`)
}

function wholeOf(input: Input, name: string, least: number): number | undefined {
  const count = input.number(name, least)
  if (count === undefined || Number.isInteger(count)) return count
  throw requestError('bad-option', `--${name} must be a whole number, not ${count}`)
}
