import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { type JobState, advance } from '../../../src/core/life/job-state.ts'
import { formatSeconds } from '../../../src/core/text/duration.ts'
import { type AttemptOutcome, countFailures, retryTime, stepsFor } from '../../../src/core/life/outcome.ts'

const now = '2026-11-23T03:41:20.113Z'
const born: JobState = {
  state: 'CREATED',
  attempt: 0,
  revision: 1,
  history: [{ time: now, state: 'CREATED', message: '' }],
}
const start = (job: JobState): JobState =>
  advance(job, [{ time: now, state: 'RUNNING', message: '' }], { attempt: job.attempt + 1, launcher: 'l' })

const outcomes: fc.Arbitrary<AttemptOutcome> = fc.oneof(
  fc.record({ kind: fc.constant('done' as const), seconds: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
  fc.record({
    kind: fc.constant('error' as const),
    end: fc.record({ exit: fc.nat() }),
    tail: fc.string(),
    seconds: fc.nat(),
  }),
  fc.record({ kind: fc.constant('interrupted' as const), why: fc.constantFrom('walltime', 'requested', 'idle') }),
  fc.record({ kind: fc.constant('overran' as const), minutes: fc.nat() }),
  fc.record({ kind: fc.constant('killed' as const), by: fc.string() }),
  fc.record({ kind: fc.constant('impossible' as const), reason: fc.string() }),
  fc.record({ kind: fc.constant('lost' as const), loss: fc.record({ why: fc.constant('lease-lost' as const) }) }),
)
const policies = fc.record({ maxRetries: fc.nat({ max: 3 }), autoTimeoutRetry: fc.boolean() })

describe('retryTime', () => {
  test.each([
    [1, 30, 30],
    [2, 30, 60],
    [4, 30, 240],
    [20, 30, 3600],
    [2, 7200, 7200],
    [1, 0, undefined],
    [0, 30, undefined],
  ])('after %d failures, with a first delay of %d s: %d s later', (failures, retryDelaySeconds, seconds) => {
    const time = retryTime(failures, { retryDelaySeconds }, now)
    expect(time === undefined ? undefined : (Date.parse(time) - Date.parse(now)) / 1000).toBe(seconds)
  })
})

describe('stepsFor', () => {
  test.prop([outcomes, policies, fc.nat({ max: 5 })])(
    'leads from RUNNING to an end or to another attempt, by steps of the table',
    (outcome, policy, failures) => {
      const { state, history } = advance(start(born), stepsFor(outcome, policy, failures, now))
      expect(['JOB_FINISHED', 'FAILED', 'USER_KILLED', 'RESTART_READY']).toContain(state)
      expect(history.slice(2).every(({ time }) => time === now)).toBe(true)
    },
  )

  test.prop([fc.array(outcomes, { maxLength: 30 }), policies])(
    'of failures, a job has at most max_retries and one',
    (ends, policy) => {
      let job = born
      for (const outcome of ends) {
        if (job.state !== 'CREATED' && job.state !== 'RESTART_READY') break
        const running = start(job)
        job = advance(running, stepsFor(outcome, policy, countFailures(running.history), now), { launcher: undefined })
      }
      expect(countFailures(job.history)).toBeLessThanOrEqual(policy.maxRetries + 1)
    },
  )

  test.each([
    [{ kind: 'done', seconds: 0.1 }, 0, true, ['RUN_DONE', 'JOB_FINISHED']],
    [{ kind: 'error', end: { exit: 1 }, tail: '', seconds: 1 }, 0, true, ['RUN_ERROR', 'FAILED']],
    [{ kind: 'error', end: { exit: 1 }, tail: '', seconds: 1 }, 1, true, ['RUN_ERROR', 'RESTART_READY']],
    [{ kind: 'interrupted', why: 'walltime' }, 0, true, ['RUN_TIMEOUT', 'RESTART_READY']],
    [{ kind: 'interrupted', why: 'walltime' }, 5, false, ['RUN_TIMEOUT', 'FAILED']],
    [{ kind: 'overran', minutes: 1 }, 0, true, ['RUN_TIMEOUT', 'FAILED']],
    [{ kind: 'overran', minutes: 1 }, 1, true, ['RUN_TIMEOUT', 'RESTART_READY']],
    [{ kind: 'killed', by: 'ada' }, 5, true, ['USER_KILLED']],
    [{ kind: 'impossible', reason: 'no such file' }, 5, true, ['FAILED']],
    [{ kind: 'lost', loss: { why: 'launcher-died' } }, 0, false, ['RESTART_READY']],
  ] as const)(
    '%j with %i retries (auto_timeout_retry %j) gives %j',
    (outcome, maxRetries, autoTimeoutRetry, states) => {
      expect(stepsFor(outcome, { maxRetries, autoTimeoutRetry }, 0, now).map(({ state }) => state)).toEqual(states)
    },
  )

  test('being interrupted or lost uses up no retry', () => {
    const steps = (outcome: AttemptOutcome) => stepsFor(outcome, { maxRetries: 1, autoTimeoutRetry: true }, 0, now)
    expect(
      countFailures([
        ...steps({ kind: 'interrupted', why: 'walltime' }),
        ...steps({ kind: 'lost', loss: { why: 'node-lost', node: 'n1' } }),
      ]),
    ).toBe(0)
    expect(
      countFailures([
        ...steps({ kind: 'overran', minutes: 1 }),
        ...steps({ kind: 'error', end: { exit: 1 }, tail: '', seconds: 1 }),
      ]),
    ).toBe(2)
  })
})

test.each([
  [0, '0.00 s'],
  [0.123, '0.12 s'],
  [3.44, '3.4 s'],
  [320, '5 min 20 s'],
  [11_100, '3 h 5 min'],
])('%d s reads %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text)
})
