import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { parse } from 'yaml'
import type { HistoryEntry } from '../../../src/core/life/job-state.ts'
import { BjobError } from '../../../src/core/text/errors.ts'
import type { JobState } from '../../../src/core/life/job-state.ts'
import { formatState, parseState } from '../../../src/core/life/state-document.ts'
import { STATES } from '../../../src/core/life/states.ts'
import { arbitraryEvent } from './arbitrary-event.ts'

const times = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2999-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())

/** Whatever a program prints, and what YAML or this format might stumble on. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\n',
        '\n\n',
        '\r\n',
        '\r',
        '\t',
        ': ',
        ':',
        ' #',
        '#',
        '"',
        "'",
        '\\',
        '- ',
        '...',
        '---',
        '|-',
        '\n...\n',
        '\nstate: FAILED\n',
      ),
      fc.constantFrom(
        '\u0000',
        '\u001B[31m',
        '\u007F',
        '\u0085',
        '\u2028',
        '\uFEFF',
        '\uD800',
        '\uDC00',
        '😀',
        'é',
        ' ',
        '    ',
        '\nhistory:\n',
        '%',
        '@',
        '`',
        '{',
        '[',
        '&',
        '*',
        '!',
        '?',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

/**
 * Text that must come back unchanged: no character that YAML cannot hold, and no blank at the end.
 */
const printable = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\n', ': ', ' #', ':', '"', '- ', '...', '\n...\n', ' ', '|-', '\n\n  x', 'key: value'),
    ),
    { maxLength: 8 },
  )
  .map((parts) =>
    parts
      .join('')
      // eslint-disable-next-line no-control-regex -- these are what YAML cannot hold
      .replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g, '')
      .trimEnd(),
  )

const entries = (messages: fc.Arbitrary<string>): fc.Arbitrary<HistoryEntry> =>
  fc
    .tuple(times, fc.constantFrom(...STATES), fc.option(messages), fc.option(arbitraryEvent(hostile)))
    .map(([time, state, message, event]) => ({
      time,
      state,
      ...(event === null ? {} : { event }),
      ...(message === null || message === '' ? {} : { message }),
    }))

const jobs = (messages: fc.Arbitrary<string>): fc.Arbitrary<JobState> =>
  fc.record(
    {
      state: fc.constantFrom(...STATES),
      attempt: fc.nat(),
      launcher: fc.stringMatching(/^[A-Za-z0-9-]{1,40}-[0-9]{1,7}-[0-9a-f]{6}$/),
      kill: hostile,
      notBefore: times,
      revision: fc.nat(),
      history: fc.array(entries(messages), { maxLength: 6 }),
    },
    { requiredKeys: ['state', 'attempt', 'revision', 'history'] },
  )

const path = '/site/jobs/w/n/state.yaml'
const codeOf = (text: string): string => {
  try {
    parseState(text, path)
    return 'read'
  } catch (error) {
    if (error instanceof BjobError && error.kind === 'site') return error.code
    throw error
  }
}

describe('state.yaml', () => {
  test('reads as the design shows it, the answer on top', () => {
    const time = '2026-11-23T03:41:20.113Z'
    const job: JobState = {
      state: 'RUN_ERROR',
      attempt: 1,
      launcher: 'node01-48213-k3x9',
      kill: 'ada',
      revision: 3,
      history: [
        { time, state: 'CREATED', event: { kind: 'born', by: 'dl-hps/driver' } },
        { time, state: 'RUNNING' },
        { time, state: 'RUN_ERROR', message: 'exit 1: bad' },
        { time, state: 'FAILED', event: { kind: 'ran', exit: 1 }, message: 'line one\n\n  line: two' },
      ],
    }
    expect(formatState(job)).toBe(`state: RUN_ERROR
attempt: 1
launcher: node01-48213-k3x9
kill: "ada"
revision: 3
format: 2
history:
  - |-
    ${time} CREATED spawned by dl-hps/driver
    {"kind":"born","by":"dl-hps/driver"}
  - ${time} RUNNING
  - "${time} RUN_ERROR exit 1: bad"
  - |-
    ${time} FAILED exit 1
    line one
    
      line: two
    {"kind":"ran","exit":1}
...
`)
    expect(parseState(formatState(job), path)).toEqual(job)
  })

  test.prop([jobs(printable)])('comes back as it was written', (job) => {
    expect(parseState(formatState(job), path)).toEqual(job)
  })

  test.prop([jobs(hostile)])('keeps everything but what YAML cannot hold, whatever a program printed', (job) => {
    const read = parseState(formatState(job), path)
    const facts = ({ history, ...rest }: JobState) => ({
      ...rest,
      history: history.map(({ time, state, event }) => ({ time, state, event })),
    })
    expect(facts(read)).toEqual(facts(job))
    expect(formatState(read)).toBe(formatState(job))
  })

  test.prop([jobs(hostile)])('is YAML: any other program reads the same from it', (job) => {
    const text = formatState(job)
    const own = parseState(text, path)
    const { history, not_before, format, ...rest } = parse(text) as {
      history: string[] | null
      not_before?: string
      format: number
    }
    const { history: told, notBefore, ...fields } = own
    expect([rest, format]).toEqual([{ ...fields }, 2])
    expect(not_before).toBe(notBefore)
    expect(history ?? []).toHaveLength(told.length)
    for (const [at, entry] of told.entries()) {
      const lines = (history?.[at] ?? '').split('\n')
      const fact = entry.event === undefined ? undefined : (JSON.parse(lines.pop() ?? '') as unknown)
      expect(fact).toEqual(entry.event)
      const words = `${entry.time} ${entry.state} ${entry.event === undefined ? (entry.message ?? '') : ''}`.trimEnd()
      expect(lines.join('\n').trimEnd().slice(0, words.length)).toBe(words)
    }
  })

  test.prop([jobs(hostile)], { numRuns: 60 })('cut off anywhere is an error and never a state', (job) => {
    const bytes = Buffer.from(formatState(job))
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(bytes.toString('utf8', 0, length))).toBe('torn-state')
  })

  test.prop([jobs(printable), fc.nat(), fc.nat()])(
    'with bytes that never reached the disk is an error, or tells the same',
    (job, from, count) => {
      const bytes = Buffer.from(formatState(job))
      const at = from % bytes.length
      bytes.fill(0, at, at + 1 + (count % (bytes.length - at)))
      const text = bytes.toString('utf8')
      const code = codeOf(text)
      expect(code).toMatch(/^(read|torn-state|bad-state)$/)
      if (code !== 'read') return
      const { state, attempt, revision } = parseState(text, path)
      expect({ state, attempt, revision }).toEqual({ state: job.state, attempt: job.attempt, revision: job.revision })
    },
  )

  test.each([
    ['state: RUNNING\nattempt: 1\nrevision: 1\nhistory:\n  - nonsense\n...\n', 'line 5'],
    ['state: RUNING\nattempt: 1\nrevision: 1\nhistory:\n...\n', 'state "RUNING"'],
    ['attempt: 1\nrevision: 1\nhistory:\n...\n', 'state ""'],
    ['state: RUNNING\nattempt: one\nrevision: 1\nhistory:\n...\n', 'attempt is "one"'],
    ['state: RUNNING\nattempt: 1\nhistory:\n...\n', 'revision is missing'],
    ['state: RUNNING\nattempt: 1\nrevision: -1\nhistory:\n...\n', 'revision is "-1"'],
    ['hello\nhistory:\n...\n', 'line 1'],
    ['state: RUNNING\nattempt: 1\nrevision: 1\nhistory:\n  - "unclosed\n...\n', 'line 5'],
  ])('changed by hand, it names what is wrong: %j', (text, problem) => {
    expect(codeOf(text)).toBe('bad-state')
    expect(() => parseState(text, path)).toThrow(problem)
  })
})
