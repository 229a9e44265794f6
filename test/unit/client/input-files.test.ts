import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { beforeEach, afterEach, describe, expect, test } from 'vitest'
import { findInputs } from '../../../src/client/input-files.ts'

let folder = ''
let other = ''

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-inputs-'))
  other = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-inputs-'))
  for (const name of ['a.dat', 'b.dat', 'c.txt', '[x].dat']) fs.writeFileSync(path.join(folder, name), name)
  fs.mkdirSync(path.join(folder, 'sub'))
  fs.writeFileSync(path.join(folder, 'sub', 'a.dat'), 'another')
  fs.writeFileSync(path.join(other, 'd.dat'), 'd')
  fs.writeFileSync(path.join(other, 'a.dat'), 'of the parent')
})

afterEach(() => {
  for (const made of [folder, other]) fs.rmSync(made, { recursive: true, force: true })
})

const find = async (...patterns: string[]): Promise<string[]> =>
  (await findInputs(patterns, [folder, other])).map((file) => path.relative(path.dirname(folder), file))

describe('findInputs', () => {
  test('finds names, globs and folders', async () => {
    const base = path.basename(folder)
    expect(await find('a.dat')).toEqual([`${base}/a.dat`])
    expect(await find('[x].dat')).toEqual([`${base}/[x].dat`])
    expect(await find('sub')).toEqual([`${base}/sub`])
    expect(await find('*.txt', 'c.txt')).toEqual([`${base}/c.txt`])
    expect(await find('nothing-*')).toEqual([])
  })

  test('looks into the first folder first', async () => {
    expect(await find('?.dat')).toEqual(
      ['a.dat', 'b.dat'].map((name) => `${path.basename(folder)}/${name}`).concat(`${path.basename(other)}/d.dat`),
    )
  })

  test.each(['../x', '/etc/passwd', 'sub/../../x'])('%s leads out', async (pattern) => {
    await expect(find(pattern)).rejects.toMatchObject({ code: 'unsafe-path' })
  })

  test('follows no link out of the folder, however deep', async () => {
    fs.symlinkSync('/etc/passwd', path.join(folder, 'link'))
    fs.symlinkSync('/etc', path.join(folder, 'sub', 'link'))
    await expect(find('link')).rejects.toMatchObject({ code: 'unsafe-path' })
    await expect(find('l*')).rejects.toMatchObject({ code: 'unsafe-path' })
    await expect(find('sub')).rejects.toMatchObject({ code: 'unsafe-path' })
    fs.symlinkSync('a.dat', path.join(folder, 'near'))
    expect(await find('near')).toHaveLength(1)
  })

  test('refuses what is missing, what is taken and what clashes', async () => {
    await expect(find('no.dat')).rejects.toMatchObject({ code: 'missing-input' })
    fs.writeFileSync(path.join(folder, 'state.txt'), '')
    fs.writeFileSync(path.join(folder, 'job.yaml'), '')
    await expect(find('job.yaml')).rejects.toMatchObject({ code: 'reserved-name' })
    await expect(find('a.dat', 'sub/a.dat')).rejects.toMatchObject({ code: 'input-clash' })
  })
})
