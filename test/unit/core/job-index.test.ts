import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { type JobSpec, decodeSpec } from '../../../src/core/job/job-spec.ts'
import type { JobEvent, JournalLine } from '../../../src/core/index/journal-events.ts'
import { JobIndex } from '../../../src/core/index/job-index.ts'
import type { HistoryEntry } from '../../../src/core/life/job-state.ts'
import type { State } from '../../../src/core/life/states.ts'

const time = (tick: number): string => new Date(Date.UTC(2026, 0, 1) + tick).toISOString()
const entry = (tick: number, state: State): HistoryEntry => ({ time: time(tick), state, message: '' })

/** The content of a job's folder at the end of a story; undefined without a folder. */
interface Folder {
  readonly born: string
  readonly revision: number
  readonly state: State
  readonly spec: JobSpec
}

interface Story {
  /** One journal a writer, each in the order in which it was written. */
  readonly journals: readonly (readonly JournalLine[])[]
  readonly folders: ReadonlyMap<string, Folder>
}

const WRITERS = 3
const JOBS = 2
const STATES: readonly State[] = ['RUNNING', 'RESTART_READY', 'READY', 'FAILED', 'JOB_FINISHED']

/**
 * One thing that happens: a writer tries to change a job, and makes it, fails, or dies on the spot;
 * or it says what is done.
 */
interface Deed {
  readonly writer: number
  readonly job: number
  readonly kind: 'birth' | 'change' | 'removal' | 'say'
  readonly fate: 'made' | 'void' | 'died-before' | 'died-after'
  readonly state: number
  /** The time on the writer's clock, which may be wrong: later births may have earlier times. */
  readonly hour: number
}

const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    writer: fc.nat({ max: WRITERS - 1 }),
    job: fc.nat({ max: JOBS - 1 }),
    kind: fc.constantFrom('birth', 'change', 'change', 'change', 'removal', 'say'),
    fate: fc.constantFrom('made', 'made', 'made', 'void', 'died-before', 'died-after'),
    state: fc.nat({ max: STATES.length - 1 }),
    hour: fc.nat({ max: 5 }),
  }),
  { maxLength: 14 },
)

/**
 * Plays the deeds as site/job/jobs.ts does: announced, then made, then said to be done. A writer
 * that died comes back under another name.
 */
function tell(all: readonly Deed[]): Story {
  const folders = new Map<string, Folder>()
  /**
   * Each number is announced once: who died with it leaves its symlink, and the next passes it
   * over.
   */
  const claimed = new Map<string, number>()
  const journals: JournalLine[][] = Array.from({ length: WRITERS }, () => [])
  const lives = Array.from({ length: WRITERS }, () => ({ life: 0, n: 0, said: 0, voided: [] as number[] }))
  for (const [tick, { writer, job, kind, fate, state, hour }] of all.entries()) {
    const journal = journals[writer] ?? []
    const life = lives[writer] ?? { life: 0, n: 0, said: 0, voided: [] }
    const by = `w${writer}.${life.life}`
    if (kind === 'say') {
      if (life.n > life.said)
        journal.push({ by, done: life.n, ...(life.voided.length === 0 ? {} : { void: life.voided.splice(0) }) })
      life.said = life.n
      continue
    }
    const id = `w/job${job}`
    const folder = folders.get(id)
    // Only one of two births can be made, and nothing can be changed that is not there.
    const isPossible = kind === 'birth' ? folder === undefined : folder !== undefined
    if (!isPossible && kind !== 'birth') continue
    // A removal is told when the folder is gone.
    const isMade = isPossible && (kind === 'removal' || fate === 'made' || fate === 'died-after')
    const born = kind === 'birth' ? time(hour * 3_600_000 + tick) : (folder?.born ?? '')
    const revision = kind === 'birth' ? 1 : Math.max(claimed.get(id) ?? 0, folder?.revision ?? 0) + 1
    if (kind !== 'birth') claimed.set(id, revision)
    else if (isMade) claimed.set(id, 1)
    const next: State = kind === 'birth' ? 'CREATED' : (STATES[state] ?? 'READY')
    const spec = decodeSpec({ application: `app${tick}` })
    const event: JobEvent = {
      id,
      born,
      revision,
      state: next,
      attempt: 0,
      history: [entry(tick, next)],
      ...(kind === 'birth' ? { spec } : {}),
      ...(kind === 'removal' ? { removed: true as const } : {}),
    }
    life.n += 1
    journal.push({ by, n: life.n, event })
    if (isMade && kind === 'removal') folders.delete(id)
    else if (isMade)
      folders.set(id, { born, revision, state: next, spec: kind === 'birth' ? spec : (folder?.spec ?? spec) })
    if (!isMade) life.voided.push(life.n)
    if (fate.startsWith('died')) Object.assign(life, { life: life.life + 1, n: 0, said: 0, voided: [] })
  }
  return { journals, folders }
}

/** One order in which a reader may come by the lines: each journal's own order is kept. */
function interleave(journals: readonly (readonly JournalLine[])[], choices: readonly number[]): JournalLine[] {
  const rest = journals.map((lines) => [...lines])
  const order: JournalLine[] = []
  for (let at = 0; rest.some((lines) => lines.length > 0); at++) {
    const open = rest.filter((lines) => lines.length > 0)
    const line = open[(choices[at % choices.length] ?? 0) % open.length]?.shift()
    if (line !== undefined) order.push(line)
  }
  return order
}

const orders = fc.array(fc.nat(), { minLength: 1, maxLength: 20 })

function read(lines: readonly JournalLine[], keeps: 'all' | 'live' = 'all'): JobIndex {
  const index = new JobIndex(keeps)
  for (const line of lines) index.apply(line)
  return index
}

/** Where the index claims to know, and is wrong. */
function mistakes(index: JobIndex, folders: ReadonlyMap<string, Folder>): string[] {
  const ids = new Set([...folders.keys(), ...[...index.entries()].map(({ id }) => id)])
  return [...ids].flatMap((id) => {
    if (index.isPending(id)) return []
    const seen = index.get(id)
    const there = folders.get(id)
    const say = (what: Folder | undefined): string =>
      what === undefined ? 'none' : `${what.born} ${what.revision} ${what.state} ${JSON.stringify(what.spec)}`
    const told =
      seen === undefined ? 'none' : `${seen.born} ${seen.revision} ${seen.state} ${JSON.stringify(seen.spec)}`
    return told === say(there) ? [] : [`${id}: index ${told}, folder ${say(there)}`]
  })
}

describe('the index', () => {
  test.prop([deeds, orders], { numRuns: 3000 })(
    'in whatever order journals are read: what is not pending is as the folders have it',
    (story, order) => {
      const { journals, folders } = tell(story)
      expect(mistakes(read(interleave(journals, order)), folders)).toEqual([])
    },
  )

  test.prop([deeds, orders, fc.nat()], { numRuns: 1000 })(
    'kept in a snapshot halfway, it comes to the same',
    (story, order, at) => {
      const { journals, folders } = tell(story)
      const lines = interleave(journals, order)
      const cut = lines.length === 0 ? 0 : at % lines.length
      const half = read(lines.slice(0, cut))
      const restored = new JobIndex()
      const kept = JSON.parse(JSON.stringify({ entries: [...half.entries()], ...half.remainder() })) as Parameters<
        JobIndex['restore']
      >[1] & { entries: [] }
      restored.restore(kept.entries, kept)
      for (const line of lines.slice(cut)) restored.apply(line)
      expect(mistakes(restored, folders)).toEqual([])
    },
  )

  test.prop([deeds, orders, orders, fc.nat()], { numRuns: 1000 })(
    'after a look into the folders nothing but what died is pending',
    (story, order, other, at) => {
      const { journals, folders } = tell(story)
      const lines = interleave(journals, order)
      const cut = lines.length === 0 ? 0 : at % lines.length
      const index = read(lines.slice(0, cut))
      // As a reader does that does not wait for the writer: it sees the folder as it will be, and
      // then the rest of the lines.
      for (const id of index.pendingIds()) {
        const folder = folders.get(id)
        if (folder !== undefined) index.restore([{ id, attempt: 0, changed: '', ...folder }])
      }
      for (const line of interleave([lines.slice(cut)], other)) index.apply(line)
      expect(mistakes(index, folders)).toEqual([])
    },
  )

  test.prop([deeds, orders], { numRuns: 1000 })(
    'of what nobody died at or failed in, nothing is in doubt once all have said so: not even who had a name before',
    (story, order) => {
      const says = Array.from({ length: WRITERS }, (_, writer) => ({ writer, kind: 'say' as const }))
      const all = [...story, ...says.map((say) => ({ job: 0, fate: 'made' as const, state: 0, hour: 0, ...say }))]
      const { journals, folders } = tell(all.map((deed) => ({ ...deed, fate: 'made' })))
      const index = read(interleave(journals, order))
      expect([...folders.keys()].filter((id) => index.isPending(id))).toEqual([])
      expect(mistakes(index, folders)).toEqual([])
    },
  )

  test('what a dead writer announced is decided by the next change that is made', () => {
    const died: JobEvent = { ...claim, launcher: 'dead' }
    const next: JobEvent = { ...claim, revision: 3, attempt: 1, launcher: 'l2' }
    const index = read([
      { by: 'a', n: 1, event: birth },
      { by: 'a', done: 1 },
      { by: 'dead', n: 1, event: died },
    ])
    expect(index.isPending('w/n')).toBe(true)
    index.apply({ by: 'l', n: 1, event: next })
    expect(index.isPending('w/n')).toBe(true)
    index.apply({ by: 'l', done: 1 })
    expect(index.isPending('w/n')).toBe(false)
    expect(index.remainder().pending).toEqual([])
  })

  test('what came to nothing is in doubt until somebody has looked, whatever its writer says next', () => {
    const index = read([
      { by: 'a', n: 1, event: birth },
      { by: 'a', done: 1, void: [1] },
      { by: 'a', n: 2, event: { ...birth, id: 'w/m' } },
      { by: 'a', done: 2 },
    ])
    expect(index.isPending('w/n')).toBe(true)
    expect(index.isPending('w/m')).toBe(false)
  })

  const spec = decodeSpec({ application: 'a' })
  const birth: JobEvent = {
    id: 'w/n',
    born: time(0),
    revision: 1,
    state: 'CREATED',
    attempt: 0,
    spec,
    history: [entry(0, 'CREATED')],
  }
  const claim: JobEvent = {
    id: 'w/n',
    born: time(0),
    revision: 2,
    state: 'RUNNING',
    attempt: 1,
    launcher: 'l1',
    history: [entry(1, 'RUNNING')],
  }

  test('a change is pending until its writer says that it is made', () => {
    const index = read([{ by: 'a', n: 1, event: birth }])
    expect(index.isPending('w/n')).toBe(true)
    expect([...index.pendingIds()]).toEqual(['w/n'])
    index.apply({ by: 'b', done: 1 })
    expect(index.isPending('w/n')).toBe(true)
    index.apply({ by: 'a', done: 1 })
    expect(index.isPending('w/n')).toBe(false)
    expect(index.get('w/n')).toMatchObject({ state: 'CREATED', spec })
  })

  test('tells which events made a difference', () => {
    const index = new JobIndex()
    expect(index.apply({ by: 'a', n: 1, event: claim })).toEqual([claim])
    expect(index.apply({ by: 'b', n: 1, event: birth })).toEqual([birth])
    expect(index.apply({ by: 'b', n: 2, event: birth })).toEqual([])
    expect(index.get('w/n')).toMatchObject({ state: 'RUNNING', launcher: 'l1', attempt: 1, spec })
  })

  test('a birth that came to nothing gives way to the job that was there', () => {
    const other: JobEvent = {
      ...birth,
      born: time(5),
      spec: decodeSpec({ application: 'b' }),
      history: [entry(5, 'CREATED')],
    }
    const index = read([
      { by: 'a', n: 1, event: birth },
      { by: 'a', done: 1 },
      { by: 'b', n: 1, event: other },
    ])
    index.apply({ by: 'b', done: 1, void: [1] })
    expect(index.isPending('w/n')).toBe(false)
    expect(index.get('w/n')).toMatchObject({ born: time(0), spec })
  })

  test('a job that was set aside is so until its next change', () => {
    const index = read([
      { by: 'a', n: 1, event: birth },
      { by: 'a', done: 1 },
      { by: 'l', n: 1, event: { ...birth, broken: 'job.yaml:1: no' } },
    ])
    expect(index.get('w/n')).toMatchObject({ state: 'CREATED', broken: 'job.yaml:1: no' })
    expect(index.isPending('w/n')).toBe(false)
    index.apply({ by: 'l', n: 2, event: claim })
    expect(index.get('w/n')?.broken).toBeUndefined()
  })

  test('a job whose job.yaml was mended by hand asks for what stands there then', () => {
    const mended = decodeSpec({ application: 'other' })
    const index = read([
      { by: 'a', n: 1, event: birth },
      { by: 'l', n: 1, event: { ...birth, broken: 'job.yaml:1: no' } },
      { by: 'f', n: 1, event: { ...birth, broken: '', spec: mended } },
    ])
    expect(index.get('w/n')).toMatchObject({ spec: mended })
    expect(index.get('w/n')?.broken).toBeUndefined()
  })

  test('an ended job is dropped by who needs the living only, unless its end is in doubt', () => {
    const end: JobEvent = { ...claim, revision: 3, state: 'JOB_FINISHED' }
    const index = read(
      [
        { by: 'a', n: 1, event: birth },
        { by: 'a', done: 1 },
        { by: 'l', n: 1, event: end },
      ],
      'live',
    )
    index.dropEnded()
    expect(index.size).toBe(1)
    index.apply({ by: 'l', done: 1 })
    index.dropEnded()
    expect(index.size).toBe(0)
  })
})
