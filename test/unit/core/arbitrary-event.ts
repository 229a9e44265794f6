/** Events of every kind, with whatever text they may hold. */
import { fc } from '@fast-check/vitest'
import type { HistoryEvent } from '../../../src/core/life/history-event.ts'
import { STATES } from '../../../src/core/life/states.ts'

const amount = fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value))
const count = fc.nat()
const hook = fc.constantFrom('preprocess' as const, 'postprocess' as const)
const staging = fc.constantFrom('stage-in' as const, 'stage-out' as const)
const state = fc.constantFrom(...STATES)
const bound = fc.constantFrom('least' as const, 'most' as const)
const oom = fc.constantFrom('here' as const, 'near' as const)
const figures = { seconds: amount, cpu: amount, bound, memory: count }

/** @param text of all texts in it */
export function arbitraryEvent(text: fc.Arbitrary<string>): fc.Arbitrary<HistoryEvent> {
  const texts = fc.array(text, { maxLength: 3 })
  const fault = {
    exit: count,
    signal: text,
    oom,
    program: text,
    limit: text,
    seconds: amount,
    error: text,
    reason: text,
  }
  const of = <const Kind extends string, Needed extends object, Extra extends object>(
    kind: Kind,
    needed: { [Key in keyof Needed]: fc.Arbitrary<Needed[Key]> },
    extra: { [Key in keyof Extra]: fc.Arbitrary<Extra[Key]> },
  ): fc.Arbitrary<{ kind: Kind } & Needed & Partial<Extra>> =>
    fc
      .tuple(fc.record(needed), fc.record(extra, { requiredKeys: [] }))
      .map(([one, other]) => ({ kind, ...one, ...other }) as { kind: Kind } & Needed & Partial<Extra>)
  const step = fc.constantFrom(...(['attempt', 'preprocess', 'postprocess', 'stage-in', 'stage-out'] as const))
  const why = fc.constantFrom(...(['killed', 'walltime', 'requested', 'idle'] as const))
  const loss = fc.constantFrom(
    ...(['launcher-died', 'launcher-ended', 'lease-lost', 'agent-died', 'node-lost', 'node-error'] as const),
    ...(['walltime', 'requested', 'idle', 'job-changed'] as const),
  )
  return fc.oneof(
    of('born', { by: text }, { inputs: texts }),
    of('waits', { parents: texts, count }, {}),
    of('claimed', { step, nodes: text, cores: amount }, { attempt: count, gpus: count, command: text }),
    of('ran', {}, { exit: count, signal: text, oom, ...figures }),
    of('passed', { hook, seconds: amount }, {}),
    of('hook-failed', { hook }, fault),
    of('staged', { step: staging, files: texts, count }, { to: text, outside: texts, unmatched: texts }),
    of('not-staged', { step: staging }, { ...fault, count, of: count, delay: amount }),
    of('unmatched', { patterns: texts }, {}),
    of('verdict', { hook }, {}),
    of('unhandled', {}, { left: state }),
    of('timed-out', { minutes: amount }, figures),
    of('stopped', { why }, { by: text, ...figures }),
    of('stopped-early', { step: amount, value: fc.option(amount), place: count, count }, figures),
    of(
      'taken-back',
      { why: loss },
      { node: text, by: text, silent: amount, reason: text, deaths: count, limit: count },
    ),
    of('retry', { count, of: count }, { delay: amount }),
    of('retried', { by: text }, {}),
    of('impossible', {}, { error: text, reason: text }),
    of('orphaned', { parent: text }, { state, reason: text }),
    of('removed', { by: text }, {}),
  )
}
