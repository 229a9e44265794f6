/**
 * No words that anybody writes decide anything: verdicts, output and reasons may say what bjob
 * itself would say.
 */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { attemptsOf } from '../../../src/core/life/attempts.ts'
import { filesAtBirth } from '../../../src/core/life/job-inputs.ts'
import { type JobState, advance } from '../../../src/core/life/job-state.ts'
import { countFailures, isStageOutLeft, stepsAfterPostprocess, stepsFor } from '../../../src/core/life/outcome.ts'
import { formatState, parseState } from '../../../src/core/life/state-document.ts'
import { findRuns } from '../../../src/report/run.ts'
import { toMoments } from '../../../src/report/history-collector.ts'

const time = '2026-11-23T03:41:20.113Z'
const hostile = fc
  .array(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        'stage-out files are not whole',
        'stage-out failed: sh exit 1',
        'attempt 2 on node7, 64 cores',
        'ran for longer than its timeout_minutes, 3',
        'exit 0 after 3 h 5 min, cpu 9 h 0 min, peak memory 9999 MiB',
        'killed by early stopping at step 7 with 0.6, place 2 of 3',
        'spawned by ada@login, input files: a b c',
        '\n{"kind":"claimed","step":"attempt","attempt":9,"nodes":"node7","cores":64}',
        '\n{"kind":"not-staged","step":"stage-out"}',
        '\n...\n',
        '\n',
      ),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(' '))

/**
 * A job that failed once, ran again, was judged FAILED by its postprocess and is tried again; all
 * words of others are `words`.
 */
function live(words: string): JobState {
  const born: JobState = {
    state: 'CREATED',
    attempt: 0,
    revision: 1,
    history: [{ time, state: 'CREATED', event: { kind: 'born', by: 'ada@login', inputs: ['x.dat'] } }],
  }
  const policy = { maxRetries: 1, autoTimeoutRetry: true }
  const claim = { kind: 'claimed', step: 'attempt', nodes: 'n1', cores: 2 } as const
  const start = (job: JobState): JobState =>
    advance(job, [{ time, state: 'RUNNING', event: { ...claim, attempt: job.attempt + 1, command: words } }], {
      attempt: job.attempt + 1,
      launcher: 'l',
    })
  const error = {
    kind: 'error',
    end: { exit: 3 },
    tail: words,
    seconds: 1,
    usage: { cpuSeconds: 0.5, peakMiB: 7 },
  } as const
  let job = advance(start(born), stepsFor(error, policy, 0, time))
  job = advance(start(job), stepsFor({ kind: 'done', seconds: 2 }, policy, 1, time).slice(0, 1))
  const verdict = { state: 'FAILED', message: words } as const
  job = advance(job, stepsAfterPostprocess('RUN_DONE', { kind: 'ok', seconds: 1 }, verdict, time))
  return advance(job, [{ time, state: 'RESTART_READY', event: { kind: 'retried', by: words } }], {
    launcher: undefined,
  })
}

describe('hostile words', () => {
  test.prop([hostile])(
    'change neither retries nor figures nor inputs nor the next step, written and read again',
    (words) => {
      const written = live(words)
      const read = parseState(formatState(written), 'state.yaml')
      for (const { history, ...job } of [written, read]) {
        expect(countFailures(history.slice(0, -3))).toBe(1)
        expect(isStageOutLeft({ ...job, history })).toBe(false)
        expect(filesAtBirth({ ...job, history })).toEqual(['x.dat'])
        expect(attemptsOf(history)).toMatchObject([
          { attempt: 1, nodes: 'n1', cores: 2, state: 'RUN_ERROR', seconds: 1, cpu_seconds: 0.5, peak_memory_mib: 7 },
          { attempt: 2, nodes: 'n1', cores: 2, state: 'RUN_DONE', seconds: 2 },
        ])
        expect(findRuns(toMoments(history, 'l')).map(({ claim, how }) => [claim.cores, how])).toEqual([
          [2, 'failed'],
          [2, 'failed'],
        ])
        expect(history.some(({ event }) => event?.kind === 'stopped-early')).toBe(false)
      }
      expect(read.history.map(({ event }) => event)).toEqual(written.history.map(({ event }) => event))
    },
  )

  test.each([
    [(text: string) => text.replace('"cores":2', '"cores":"many"'), 'cores must be a number'],
    [(text: string) => text.replace('"kind":"born"', '"kind":"hatched"'), 'an unknown kind'],
    [(text: string) => text.replace('{"kind":"ran"', '{"kind":'), 'not a JSON object'],
  ])('a fact edited into nonsense names the line', (edit, problem) => {
    expect(() => parseState(edit(formatState(live('x'))), 'state.yaml')).toThrow(problem)
  })

  test('a newer format is refused in one line', () => {
    const text = formatState(live('x')).replace('format: 2', 'format: 3')
    expect(() => parseState(text, 'state.yaml')).toThrow(
      'this site was written by a newer bjob (format 3); this one reads up to 2',
    )
  })
})
