/**
 * The messages of a history: the only module that turns events into English. No code parses them,
 * so any wording may change. A message is a headline from the event, a second line with the command
 * for a claim, then the entry's own message.
 */
import { nameFew } from '../../lib/text/name-few.ts'
import { quoteShellWord } from '../../lib/text/shell-words.ts'
import { formatSeconds } from '../text/duration.ts'
import { defined } from '../../lib/defined.ts'
import { countOf } from '../../lib/text/count-of.ts'
import type {
  Claimed,
  EarlyStop,
  HistoryEvent,
  Impossible,
  Loss,
  NotStaged,
  Orphaned,
  ProcessEnd,
  RunFigures,
  Staged,
  StepFault,
  Stopped,
  TakenBack,
} from './history-event.ts'
import type { HistoryEntry } from './job-state.ts'

/** The whole message of an entry; several lines if it includes a command or an output's tail. */
export function wordsOf(entry: HistoryEntry): string {
  const { event, message = '' } = entry
  if (event === undefined || ownLines(event) === 0) return message
  const words = event.kind === 'claimed' ? claimWords(event) : headline(entry)
  return message === '' ? words : `${words}\n${message}`
}

/** The first line of an entry's message. */
export function firstLine(entry: HistoryEntry): string {
  return wordsOf(entry).split('\n', 1)[0] ?? ''
}

/** A history entry for people and programs, with its generated message. */
export type ToldEntry = Omit<HistoryEntry, 'message'> & { readonly message: string }

export function tell(entry: HistoryEntry): ToldEntry {
  const { time, state, event } = entry
  return { time, state, message: wordsOf(entry), ...defined({ event }) }
}

/** Number of lines generated from an event; the entry's own message follows. */
export function ownLines(event: HistoryEvent): number {
  if (event.kind === 'verdict') return 0
  return event.kind === 'claimed' && event.command !== undefined ? 2 : 1
}

/** The cause of a failure, without figures and other jobs' names, for grouping. */
export function failureCause({ event, message = '', ...entry }: HistoryEntry): string {
  return causeWords({ ...entry, message, ...defined({ event }) }).slice(0, 160)
}

function causeWords(entry: HistoryEntry): string {
  const { event, message = '' } = entry
  if (event === undefined || ownLines(event) === 0) return message.split('\n', 1)[0] ?? ''
  if (event.kind === 'retry') return ''
  if (event.kind === 'orphaned') return orphanWords({ ...event, parent: '…' })
  if (event.kind === 'timed-out') return OVERRAN
  return headline({ ...entry, event: withoutFigures(event) })
}

function withoutFigures(event: HistoryEvent): HistoryEvent {
  if (event.kind !== 'ran' && event.kind !== 'stopped' && event.kind !== 'stopped-early') return event
  const { seconds: _, ...others } = event
  return others
}

const OVERRAN = 'ran for longer than its timeout_minutes'

/** Always a single line. */
function headline({ event, state }: HistoryEntry): string {
  return event === undefined ? '' : oneLine(describe(event, state === 'FAILED'))
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ')
}

/** @param isFinal true if the job has failed by it */
function describe(event: HistoryEvent, isFinal: boolean): string {
  switch (event.kind) {
    case 'born':
      return birthWords(event.by, event.inputs)
    case 'waits':
      return `waits for ${nameFew(event.parents, event.count)}`
    case 'claimed':
      return claimHeadline(event)
    case 'ran':
      return join(endWords(event, 'killed by'), afterWords(event))
    case 'passed':
      return `exit 0${afterWords(event)}`
    case 'hook-failed':
      return `${event.hook} ${faultWords(event)}`
    case 'staged':
      return stagedWords(event)
    case 'not-staged':
      return notStagedWords(event)
    case 'unmatched':
      return unmatchedWords(event.patterns)
    case 'verdict':
      return ''
    case 'unhandled':
      return event.left === undefined
        ? 'its application has no postprocess to handle this'
        : `its postprocess left it ${event.left}`
    case 'timed-out':
      return `${OVERRAN}, ${event.minutes}${endedWords(event)}`
    case 'stopped':
      return stoppedWords(event, isFinal)
    case 'stopped-early':
      return `killed by ${earlyStopWords(event)}${afterWords(event)}`
    case 'taken-back':
      return takenBackWords(event)
    case 'retry':
      return retryWords(event)
    case 'retried':
      return `retried by ${event.by}`
    case 'impossible':
      return impossibleWords(event)
    case 'orphaned':
      return orphanWords(event)
    case 'removed':
      return `removed by ${event.by}`
  }
}

function birthWords(by: string, inputs: readonly string[] | undefined): string {
  const said = `spawned by ${by}`
  if (inputs === undefined) return said
  return inputs.length === 0
    ? `${said}, no input files yet`
    : `${said}, input files: ${inputs.map(quoteShellWord).join(' ')}`
}

function claimWords(event: Claimed): string {
  const said = oneLine(claimHeadline(event))
  return event.command === undefined ? said : `${said}\n$ ${oneLine(event.command)}`
}

function claimHeadline({ step, attempt, nodes, cores, gpus = 0 }: Claimed): string {
  const what = step === 'attempt' ? `attempt ${attempt ?? '?'}` : step
  const given = [countOf(Number(cores.toFixed(3)), 'core'), ...(gpus === 0 ? [] : [countOf(gpus, 'GPU')])]
  return `${what} on ${[nodes, ...given].join(', ')}`
}

/** The end of an attempt's processes, for its history and for errors that quote it. */
export function endWords({ exit, signal, oom }: ProcessEnd, killed: string): string {
  const what = signal === undefined ? (exit === undefined ? '' : `exit ${exit}`) : `${killed} ${signal}`
  if (oom === 'here') return `out of memory, ${what}`
  return oom === 'near' ? `${what} (another process on the node ran out of memory during the attempt)` : what
}

function faultWords({ program, limit, seconds, error, reason, ...end }: StepFault): string {
  const said =
    reason ??
    (error === undefined
      ? limit === undefined
        ? endWords(end, 'was killed by')
        : `ran for longer than ${limit}, ${seconds ?? '?'}`
      : `cannot be started: ${error}`)
  return program === undefined ? said : `${program} ${said}`
}

function notStagedWords({ step, count, of, delay, ...fault }: NotStaged): string {
  const said = `${step} failed: ${faultWords(fault)}`
  return count === undefined || of === undefined ? said : `${said}; ${retryWords({ count, of, ...defined({ delay }) })}`
}

function stagedWords({ files, count, to, outside = [], unmatched = [] }: Staged): string {
  const named = nameFew(files, count)
  if (to !== undefined) return `${named} to ${to}`
  const linked =
    outside.length === 0 ? '' : `links that lead out of the site were not followed: ${nameFew(outside, outside.length)}`
  return [named, linked, unmatched.length === 0 ? '' : unmatchedWords(unmatched)]
    .filter((text) => text !== '')
    .join('; ')
}

function unmatchedWords(patterns: readonly string[]): string {
  return `no parent has a file that matches input_files ${patterns.join(' ')}`
}

function stoppedWords(event: Stopped, isFinal: boolean): string {
  if (event.why === 'killed') return `killed by ${event.by ?? '?'}${afterWords(event)}`
  const reason = lossWords({ why: event.why, ...(event.by === undefined ? {} : { by: event.by }) })
  return isFinal ? `${reason}, and auto_timeout_retry is false` : `${reason}${endedWords(event)}`
}

function takenBackWords(event: TakenBack): string {
  const { why, deaths, limit } = event
  if (deaths === undefined) return lossWords(event)
  const what = why === 'launcher-died' ? 'launcher' : why === 'agent-died' ? 'agent' : 'node'
  const times = deaths === 1 ? 'once' : `${deaths} times`
  return `its ${what} died ${times} during a run and crash_limit is ${limit ?? '?'}; last cause: ${lossWords(event)}`
}

/** The reason why a launcher released a job. */
export function lossWords({ why, node = '?', by, silent, reason }: Loss): string {
  switch (why) {
    case 'launcher-died':
      return silent === undefined ? 'its launcher was killed' : `its launcher was silent for ${silent} s`
    case 'launcher-ended':
      return `its launcher ended: ${reason ?? '?'}`
    case 'lease-lost':
      return 'its launcher lost its lease'
    case 'agent-died':
      return 'its agent was killed'
    case 'node-lost':
      return `node ${node} was lost`
    case 'node-error':
      return `node ${node} failed: ${reason ?? '?'}`
    case 'walltime':
      return 'the time of the allocation was up'
    case 'requested':
      return `its launcher was stopped by ${by ?? '?'}`
    case 'idle':
      return 'idle'
    case 'job-changed':
      return 'its job.yaml changed after the claim'
  }
}

/** The author of an early stop. */
export function earlyStopWords({ step, value, place, count }: EarlyStop): string {
  return `early stopping at step ${step} with ${value ?? 'NaN'}, place ${place} of ${count}`
}

export function impossibleWords({ error, reason = '' }: Omit<Impossible, 'kind'>): string {
  return error === undefined ? reason : `cannot be started: ${error}`
}

export function orphanWords({ parent, state, reason }: Omit<Orphaned, 'kind'>): string {
  if (state !== undefined) return `parent ${parent} is ${state}`
  return `parent ${parent} ${reason === undefined ? 'is gone' : `cannot be read: ${reason}`}`
}

function retryWords({ count, of, delay }: { count: number; of: number; delay?: number }): string {
  return `retry ${count} of ${of}${delay === undefined ? '' : `, in ${formatSeconds(delay)}`}`
}

/** ` after 12.3 s, cpu at least 45.1 s, peak memory 850 MiB`. */
function afterWords({ seconds, cpu, bound, memory }: RunFigures): string {
  if (seconds === undefined) return ''
  const limit = bound === undefined ? '' : `at ${bound} `
  const used = cpu === undefined ? '' : `, cpu ${limit}${formatSeconds(cpu)}`
  return ` after ${formatSeconds(seconds)}${used}${memory === undefined ? '' : `, peak memory ${memory} MiB`}`
}

function endedWords(figures: RunFigures): string {
  return figures.seconds === undefined ? '' : `: ended${afterWords(figures)}`
}

function join(first: string, second: string): string {
  return `${first}${second}`.trimStart()
}
