/** Validates events read from files, with the fields listed in `docs/reference/formats.md`. */
import type { HistoryEvent } from './history-event.ts'
import { isState } from './states.ts'

type Test = (value: unknown) => boolean

interface Field {
  readonly says: string
  readonly test: Test
  readonly isOptional?: true
}

const field = (says: string, test: Test): Field => ({ says, test })
const maybe = (one: Field): Field => ({ ...one, isOptional: true })
const oneOf = (...words: readonly string[]): Field =>
  field(`one of ${words.join(' ')}`, (value) => words.includes(value as string))

const text = field('text', (value) => typeof value === 'string')
const texts = field('a list of texts', (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'))
const whole = field('a whole number', (value) => Number.isSafeInteger(value) && (value as number) >= 0)
const amount = field('a number from 0 on', (value) => Number.isFinite(value) && (value as number) >= 0)
const state = field('a state', (value) => typeof value === 'string' && isState(value))

const FIGURES = {
  seconds: maybe(amount),
  cpu: maybe(amount),
  bound: maybe(oneOf('least', 'most')),
  memory: maybe(amount),
}
const END = { exit: maybe(whole), signal: maybe(text), oom: maybe(oneOf('here', 'near')) }
const FAULT = {
  ...END,
  program: maybe(text),
  limit: maybe(text),
  seconds: maybe(amount),
  error: maybe(text),
  reason: maybe(text),
}
const RETRY = { count: whole, of: whole, delay: maybe(amount) }
const HOOK = oneOf('preprocess', 'postprocess')
const STAGING = oneOf('stage-in', 'stage-out')

/**
 * The fields of an event by kind. Ignorable fields may be added within a format; a new kind or
 * meaning is a new format.
 */
export const EVENT_FIELDS = {
  born: { by: text, inputs: maybe(texts) },
  waits: { parents: texts, count: whole },
  claimed: {
    step: oneOf('attempt', 'preprocess', 'postprocess', 'stage-in', 'stage-out'),
    attempt: maybe(whole),
    nodes: text,
    cores: amount,
    gpus: maybe(whole),
    command: maybe(text),
  },
  ran: { ...END, ...FIGURES },
  passed: { hook: HOOK, seconds: amount },
  'hook-failed': { hook: HOOK, ...FAULT },
  staged: {
    step: STAGING,
    files: texts,
    count: whole,
    to: maybe(text),
    outside: maybe(texts),
    unmatched: maybe(texts),
  },
  'not-staged': { step: STAGING, ...FAULT, count: maybe(whole), of: maybe(whole), delay: maybe(amount) },
  unmatched: { patterns: texts },
  verdict: { hook: HOOK },
  unhandled: { left: maybe(state) },
  'timed-out': { minutes: amount, ...FIGURES },
  stopped: { why: oneOf('killed', 'walltime', 'requested', 'idle'), by: maybe(text), ...FIGURES },
  'stopped-early': {
    step: amount,
    value: field('a number or null', (value) => value === null || Number.isFinite(value)),
    place: whole,
    count: whole,
    ...FIGURES,
  },
  'taken-back': {
    why: oneOf(
      'launcher-died',
      'launcher-ended',
      'lease-lost',
      'agent-died',
      'node-lost',
      'node-error',
      'walltime',
      'requested',
      'idle',
      'job-changed',
    ),
    node: maybe(text),
    by: maybe(text),
    silent: maybe(amount),
    reason: maybe(text),
    deaths: maybe(whole),
    limit: maybe(whole),
  },
  retry: RETRY,
  retried: { by: text },
  impossible: { error: maybe(text), reason: maybe(text) },
  orphaned: { parent: text, state: maybe(state), reason: maybe(text) },
  removed: { by: text },
} as const satisfies Readonly<Record<HistoryEvent['kind'], Readonly<Record<string, Field>>>>

const TABLE: ReadonlyMap<unknown, ReadonlyMap<string, Field>> = new Map(
  Object.entries(EVENT_FIELDS).map(([kind, fields]) => [kind, new Map(Object.entries<Field>(fields))]),
)
/** The required fields of an event by kind. */
const NEEDED: ReadonlyMap<unknown, readonly string[]> = new Map(
  Array.from(TABLE, ([kind, fields]) => [
    kind,
    Array.from(fields, ([name, { isOptional }]) => (isOptional === true ? [] : [name])).flat(),
  ]),
)

/** @returns the problem; undefined for a valid event */
export function findEventProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'is not a map'
  const record = value as Readonly<Record<string, unknown>>
  const fields = TABLE.get(record['kind'])
  if (fields === undefined) return `has an unknown kind: ${JSON.stringify(record['kind'])}`
  for (const name in record) {
    const one = fields.get(name)
    if (one !== undefined && !one.test(record[name]))
      return `${name} must be ${one.says}, not ${JSON.stringify(record[name]).slice(0, 80)}`
  }
  for (const name of NEEDED.get(record['kind']) ?? []) if (record[name] === undefined) return `${name} is missing`
  return undefined
}
