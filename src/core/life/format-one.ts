/**
 * Histories of format 1, written by bjob 0.1 as words alone. The only module that reads events from
 * words, and only in files without a number; each pattern applies to the states in which 0.1 wrote
 * such words. Unmatched words stay words.
 */
import { splitShellWords } from '../../lib/text/shell-words.ts'
import { defined } from '../../lib/defined.ts'
import { findEventProblem } from './event-codec.ts'
import { ownLines } from './event-words.ts'
import type { EarlyStop, HistoryEvent, LossReason, RunFigures } from './history-event.ts'
import type { HistoryEntry } from './job-state.ts'
import { type State, isState } from './states.ts'

const NUMBER = String.raw`\d+(?:\.\d+)?`
const DURATION = String.raw`(?:\d+ h \d+ min|\d+ min \d+ s|${NUMBER} s)`
const AFTER = new RegExp(
  `(?:^| )after (${DURATION})(?:, cpu (?:at (least|most) )?(${DURATION}))?(?:, peak memory (\\d+) MiB)?$`,
)
const CLAIM = new RegExp(
  `^(?:attempt (\\d+)|(preprocess|postprocess|stage-in|stage-out)) on (\\S+), (${NUMBER}) cores?(?:, (\\d+) GPUs?)?$`,
)
const END =
  /^(out of memory, )?(?:exit (\d+)|killed by (SIG\w+))( \(a process on its node was killed out of memory meanwhile\))?$/
const EARLY = /^killed by early stopping at step (\S+) with (\S+), place (\d+) of (\d+)$/
const OVERRAN = new RegExp(`^ran for longer than its timeout_minutes, (${NUMBER}(?:e-?\\d+)?)$`)
const NOT_STAGED = /^(stage-in|stage-out) failed: (.*?)(?:; retry (\d+) of (\d+)(?:, in .*)?)?$/
const BIRTH_NAMES = ', input files: '
const BIRTH_NO_NAMES = ', no input files yet'

/** States in which 0.1 started a step. */
const CLAIM_STATES: Readonly<Record<string, readonly State[]>> = {
  attempt: ['RUNNING'],
  preprocess: ['STAGED_IN'],
  'stage-in': ['READY', 'RESTART_READY'],
  'stage-out': ['POSTPROCESSED'],
  postprocess: ['RUN_DONE', 'RUN_ERROR', 'RUN_TIMEOUT'],
}

type Reader = (first: string, figures: RunFigures, whole: string) => HistoryEvent | undefined

const readEnd: Reader = (first, figures) => {
  const [is, here, exit, signal, near] = END.exec(first) ?? []
  if (is === undefined) return undefined
  const oom = here !== undefined ? ('here' as const) : near === undefined ? undefined : ('near' as const)
  return {
    kind: 'ran',
    ...(exit === undefined ? {} : { exit: Number(exit) }),
    ...defined({ signal, oom }),
    ...figures,
  }
}

const readOverrun: Reader = (first, figures) => {
  const [, minutes] = OVERRAN.exec(first) ?? []
  return minutes === undefined ? undefined : { kind: 'timed-out', minutes: Number(minutes), ...figures }
}

const readInterruption: Reader = (first, figures) => {
  if (first === 'the time of the allocation was up') return { kind: 'stopped', why: 'walltime', ...figures }
  if (first === 'idle') return { kind: 'stopped', why: 'idle', ...figures }
  const [, by] = /^its launcher was stopped by (\S+)$/.exec(first) ?? []
  return by === undefined ? undefined : { kind: 'stopped', why: 'requested', by, ...figures }
}

const readKill: Reader = (first, figures) => {
  const [, step, value, place, count] = EARLY.exec(first) ?? []
  if (step !== undefined) {
    const number = Number(value)
    const early = { step: Number(step), value: Number.isFinite(number) ? number : null, place: Number(place) }
    return { kind: 'stopped-early', ...early, count: Number(count), ...figures }
  }
  const [, by] = /^killed by (.+)$/.exec(first) ?? []
  return by === undefined ? undefined : { kind: 'stopped', why: 'killed', by, ...figures }
}

const readBirth: Reader = (_, __, whole) => {
  const [, said] = /^spawned by ([^]+)$/.exec(whole) ?? []
  if (said === undefined) return undefined
  if (said.endsWith(BIRTH_NO_NAMES)) return { kind: 'born', by: said.slice(0, -BIRTH_NO_NAMES.length), inputs: [] }
  const at = said.indexOf(BIRTH_NAMES)
  if (at < 0) return { kind: 'born', by: said }
  return { kind: 'born', by: said.slice(0, at), inputs: splitShellWords(said.slice(at + BIRTH_NAMES.length)) }
}

const readStaging: Reader = (first) => {
  const [, step, reason, count, of] = NOT_STAGED.exec(first) ?? []
  if (reason === undefined || (step !== 'stage-in' && step !== 'stage-out')) return undefined
  const retry = count === undefined ? {} : { count: Number(count), of: Number(of) }
  return { kind: 'not-staged', step, reason, ...retry }
}

const readRetry: Reader = (first) => {
  const [, count, of] = /^retry (\d+) of (\d+)(?:, in .*)?$/.exec(first) ?? []
  if (count !== undefined) return { kind: 'retry', count: Number(count), of: Number(of) }
  const [, by] = /^retried by (.+)$/.exec(first) ?? []
  return by === undefined ? undefined : { kind: 'retried', by }
}

const LOSSES: readonly (readonly [RegExp, LossReason, ('node' | 'by' | 'silent' | 'reason')?])[] = [
  [/^its launcher was killed$/, 'launcher-died'],
  [/^its launcher was silent for ([\d.]+) s$/, 'launcher-died', 'silent'],
  [/^its launcher was silent for too long$/, 'lease-lost'],
  [/^its launcher lost its lease$/, 'lease-lost'],
  [/^its launcher ended: (.*)$/, 'launcher-ended', 'reason'],
  [/^node (\S+) was lost$/, 'node-lost', 'node'],
  [/^the time of the allocation was up$/, 'walltime'],
  [/^its launcher was stopped by (\S+)$/, 'requested', 'by'],
  [/^idle$/, 'idle'],
  [/^its job.yaml was changed meanwhile$/, 'job-changed'],
]

const readLoss: Reader = (first) => {
  for (const [pattern, why, name] of LOSSES) {
    const [is, detail = ''] = pattern.exec(first) ?? []
    if (is === undefined) continue
    if (name === undefined) return { kind: 'taken-back', why }
    return { kind: 'taken-back', why, [name]: name === 'silent' ? Number(detail) : detail }
  }
  return undefined
}

const readOrphan: Reader = (first) => {
  const [, parent, state] = /^parent (\S+) is (\w+)$/.exec(first) ?? []
  if (parent === undefined || state === undefined) return undefined
  if (isState(state)) return { kind: 'orphaned', parent, state }
  return state === 'gone' ? { kind: 'orphaned', parent } : undefined
}

/** Messages of 0.1 by state, besides claims and released jobs. */
const READERS: Readonly<Partial<Record<State, readonly Reader[]>>> = {
  CREATED: [readBirth],
  READY: [readStaging],
  POSTPROCESSED: [readStaging],
  RUN_DONE: [readEnd],
  RUN_ERROR: [readEnd],
  RUN_TIMEOUT: [readOverrun, readInterruption],
  RESTART_READY: [readRetry, readStaging],
  FAILED: [readEnd, readOverrun, readStaging, readOrphan],
  USER_KILLED: [readKill],
}

/** The entry for a message of format 1. */
export function entryOfWords(time: string, state: State, words: string): HistoryEntry {
  const said = withoutFact(words)
  const event = readWords(state, said)
  if (event === undefined) return said === '' ? { time, state } : { time, state, message: said }
  // A birth's file names may continue on further lines, and are in the event.
  const message = event.kind === 'born' ? '' : said.split('\n').slice(ownLines(event)).join('\n')
  return message === '' ? { time, state, event } : { time, state, event, message }
}

/** The early-stopping record in a kill request of 0.1. */
export function earlyStopOf(kill: string): EarlyStop | undefined {
  const event = readKill(`killed by ${kill}`, {}, '')
  if (event?.kind !== 'stopped-early') return undefined
  const { step, value, place, count } = event
  return { step, value, place, count }
}

/**
 * 0.1 keeps an event of format 2 as one more line of words. It is ignored, because only numbered
 * files are trusted.
 */
function withoutFact(words: string): string {
  const at = words.lastIndexOf('\n{"kind":')
  if (at < 0) return words
  try {
    return findEventProblem(JSON.parse(words.slice(at + 1))) === undefined ? words.slice(0, at) : words
  } catch {
    return words
  }
}

function readWords(state: State, words: string): HistoryEvent | undefined {
  const [first = '', second] = words.split('\n', 2)
  const claim = readClaim(state, first, second)
  if (claim !== undefined) return claim
  const figures = readFigures(first)
  const bare = first.replace(AFTER, '').replace(/: ended$/, '')
  for (const read of READERS[state] ?? []) {
    const event = read(bare, figures, words)
    if (event !== undefined) return event
  }
  return readLoss(first, {}, words)
}

function readClaim(state: State, first: string, second: string | undefined): HistoryEvent | undefined {
  const [, attempt, step, nodes, cores, gpus = '0'] = CLAIM.exec(first) ?? []
  if (nodes === undefined || CLAIM_STATES[step ?? 'attempt']?.includes(state) !== true) return undefined
  return {
    kind: 'claimed',
    step: (step ?? 'attempt') as 'attempt' | 'preprocess',
    ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
    nodes,
    cores: Number(cores),
    ...(gpus === '0' ? {} : { gpus: Number(gpus) }),
    ...(second?.startsWith('$ ') === true ? { command: second.slice(2) } : {}),
  }
}

function readFigures(first: string): RunFigures {
  const [, seconds, bound, cpu, memory] = AFTER.exec(first) ?? []
  if (seconds === undefined) return {}
  return {
    seconds: parseSeconds(seconds),
    ...(cpu === undefined ? {} : { cpu: parseSeconds(cpu) }),
    ...(bound === undefined ? {} : { bound: bound as 'least' | 'most' }),
    ...(memory === undefined ? {} : { memory: Number(memory) }),
  }
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, min: 60, s: 1 }

function parseSeconds(text: string): number {
  const parts = text.matchAll(/([\d.]+) (h|min|s)/g)
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0)
}
