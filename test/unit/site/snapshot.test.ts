import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import type { JobEntry } from '../../../src/core/index/job-entry.ts'
import { JobIndex } from '../../../src/core/index/job-index.ts'
import { STATES } from '../../../src/core/life/states.ts'
import { directDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { parseSettings } from '../../../src/site/settings.ts'
import { Site } from '../../../src/site/site.ts'
import { readSnapshot, writeSnapshot } from '../../../src/site/view/snapshot.ts'

const POSITIONS = { 'host-1': { at: 4711, mark: 'x.y' } }
const text = fc.string({ unit: 'grapheme' })

/** Everything that an entry may have, of jobs that have not ended and others. */
const arbitraryEntries: fc.Arbitrary<JobEntry[]> = fc.uniqueArray(
  fc.record(
    {
      id: fc.string({ minLength: 1 }).map((name) => `w/${name}`),
      born: text,
      revision: fc.nat(),
      state: fc.constantFrom(...STATES),
      attempt: fc.nat(),
      changed: text,
      launcher: text,
      kill: text,
      notBefore: text,
      broken: text,
      spec: fc
        .dictionary(
          text.filter((key) => key !== '__proto__'),
          text,
        )
        .map(decodeSpec),
    },
    { requiredKeys: ['id', 'born', 'revision', 'state', 'attempt', 'changed'] },
  ),
  { selector: ({ id }) => id },
)

describe('a snapshot', () => {
  let folder: string
  let site: Site
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-snapshot-'))
    site = new Site(new Layout(folder), directDisk, parseSettings('', 'bjob.yaml'))
  })
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

  const indexOf = (entries: readonly JobEntry[]): JobIndex => {
    const index = new JobIndex()
    index.restore(entries, { pending: [], rivals: [], removed: [['w/gone', 'once']] })
    return index
  }

  test.prop([arbitraryEntries])('is read as it was written', async (entries) => {
    await writeSnapshot(site, 'all', indexOf(entries), POSITIONS)
    const read = await readSnapshot(site, 'all')
    expect([...(read?.index.entries() ?? [])]).toEqual(entries)
    expect(read?.index.remainder()).toEqual({ pending: [], rivals: [], removed: [['w/gone', 'once']] })
    expect(read?.positions).toEqual(POSITIONS)
  })

  test('of more than fits into one piece of text is read whole, and not when any of it is missing', async () => {
    const entries = Array.from({ length: 30_000 }, (_, at): JobEntry => {
      const spec = decodeSpec({ application: 'äpp', args: [`${at}.dat`] })
      return { id: `w/j${at}`, born: 'then', revision: 1, state: 'CREATED', attempt: 0, changed: 'now', spec }
    })
    await writeSnapshot(site, 'all', indexOf(entries), POSITIONS)
    expect([...((await readSnapshot(site, 'all'))?.index.entries() ?? [])]).toEqual(entries)
    const file = site.layout.snapshot('all')
    const whole = fs.readFileSync(file)
    const lines = whole.toString().split('\n')
    for (const damaged of [
      whole.subarray(0, -5),
      lines.toSpliced(20_000, 1).join('\n'),
      lines.slice(0, 9).join('\n'),
      '',
    ]) {
      fs.writeFileSync(file, damaged)
      expect(await readSnapshot(site, 'all')).toBeUndefined()
    }
  })
})
