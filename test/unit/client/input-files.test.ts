import fs from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { findNewInputs } from '../../../src/client/spawn/new-input-files.ts'
import type { SpawnRequest } from '../../../src/core/job/job-values.ts'
import { type Fixture, makeFixture } from './fixture.ts'

let fixture: Fixture
let folder = ''
let parent = ''

beforeEach(async () => {
  fixture = await makeFixture()
  folder = path.join(fixture.root, 'driver')
  parent = path.join(fixture.root, 'jobs/w/p')
  for (const made of [`${folder}/sub`, `${parent}/out`]) fs.mkdirSync(made, { recursive: true })
  for (const name of ['a.dat', 'b.dat', 'c.txt', '[x].dat', 'sub/a.dat'])
    fs.writeFileSync(path.join(folder, name), name)
  for (const name of ['a.dat', 'd.dat', 'out/e.dat', 'job.yaml', 'state.yaml', 'job.out'])
    fs.writeFileSync(path.join(parent, name), `of the parent: ${name}`)
})

interface Asked extends Partial<SpawnRequest> {
  readonly isEarly?: boolean
  readonly at?: string
}

const PARENTS = ['w/p']

/** The names that the job would get, and where from. */
async function find(
  inputFiles: readonly string[],
  { isEarly = false, at = folder, ...more }: Asked = {},
): Promise<object> {
  const { site, root } = fixture
  const spec = { application: 'hello', inputFiles, parents: [], waitForParents: true, stageInUrl: [], ...more }
  const found = await findNewInputs(site, spec as never, { folder: at, isEarly })
  return Object.fromEntries(found.map(({ file, name, mode }) => [name, `${mode} ${path.relative(root, file)}`]))
}

describe('what a new job gets', () => {
  test('names, globs and folders, of the folder where it is spawned', async () => {
    expect(await find(['a.dat'])).toEqual({ 'a.dat': 'copy driver/a.dat' })
    expect(await find(['[x].dat'])).toEqual({ '[x].dat': 'copy driver/[x].dat' })
    expect(await find(['sub', 'sub'])).toEqual({ sub: 'copy driver/sub' })
    expect(await find(['*.txt', 'c.txt'], { inputMode: 'link' })).toEqual({ 'c.txt': 'link driver/c.txt' })
  })

  test('and of parents that it does not wait for: the spawner’s files come first', async () => {
    const free = { parents: PARENTS, waitForParents: false }
    expect(await find(['?.dat'], free)).toEqual({
      'a.dat': 'copy driver/a.dat',
      'b.dat': 'copy driver/b.dat',
      'd.dat': 'copy jobs/w/p/d.dat',
    })
    expect(await find(['out/*'], free)).toEqual({ 'e.dat': 'copy jobs/w/p/out/e.dat' })
    expect(await find(['*'], { ...free, at: parent })).toEqual({
      'a.dat': 'copy jobs/w/p/a.dat',
      'd.dat': 'copy jobs/w/p/d.dat',
      out: 'copy jobs/w/p/out',
    })
  })

  test.each([true, false])(
    'those of parents that it waits for come later, whether these run or have finished: %s',
    async (isEarly) => {
      const waiting = { parents: PARENTS, isEarly }
      expect(await find(['a.dat', 'b.dat', 'd.dat'], waiting)).toEqual({
        'a.dat': 'copy driver/a.dat',
        'b.dat': 'copy driver/b.dat',
      })
      // A job that spawns is a parent, and its folder one of these.
      expect(await find(['a.dat'], { ...waiting, at: parent })).toEqual({})
    },
  )

  test('what is nowhere and will not come is a mistake, be it a glob', async () => {
    await expect(find(['no.dat'])).rejects.toMatchObject({ code: 'missing-input' })
    await expect(find(['no*'])).rejects.toMatchObject({ code: 'missing-input' })
    await expect(find(['no*'], { parents: PARENTS })).rejects.toMatchObject({ code: 'missing-input' })
    expect(await find(['no*', 'no.dat'], { parents: PARENTS, isEarly: true })).toEqual({})
    const empty = path.join(fixture.root, 'empty')
    fs.mkdirSync(empty)
    expect(await find(['*'], { at: empty })).toEqual({})
  })

  test('is never the site itself', async () => {
    expect(await find(['*'], { at: fixture.root })).toEqual({ driver: 'copy driver' })
  })

  test.each(['../x', '/etc/passwd', 'sub/../../x'])('%s leads out', async (pattern) => {
    await expect(find([pattern])).rejects.toMatchObject({ code: 'unsafe-path' })
  })

  test('follows no link out of the folder, however deep', async () => {
    fs.symlinkSync('/etc/passwd', path.join(folder, 'link'))
    fs.symlinkSync('/etc', path.join(folder, 'sub', 'link'))
    for (const pattern of ['link', 'l*', 'sub'])
      await expect(find([pattern])).rejects.toMatchObject({ code: 'unsafe-path' })
    fs.symlinkSync('a.dat', path.join(folder, 'near'))
    expect(await find(['near'])).toEqual({ near: 'copy driver/near' })
    fs.symlinkSync('nothing', path.join(folder, 'dead'))
    await expect(find(['dead'])).rejects.toMatchObject({ code: 'missing-input' })
  })

  test('refuses what is taken and what clashes', async () => {
    for (const name of ['job.yaml', 'job.out', 'x/state.yaml'])
      await expect(find([name])).rejects.toMatchObject({ code: 'reserved-name' })
    await expect(find(['a.dat', 'sub/a.dat'])).rejects.toMatchObject({ code: 'input-clash' })
  })
})
