import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

interface Line {
  readonly name?: string
  readonly grade?: string
  readonly nodes?: number
  readonly fit?: boolean
  readonly settings?: Readonly<Record<string, unknown>>
}

describe('bjob doctor', () => {
  test('judges a local folder, recommends settings that bjob.yaml takes, and leaves nothing there', async () => {
    await using rig = await Rig.create()
    const printed = await rig.done(['doctor', rig.outside])
    expect(printed).toMatch(/^ok +rename /m)
    expect(printed).not.toMatch(/^bad /m)
    expect(fs.readdirSync(rig.outside)).toEqual([])
    const settings = printed.slice(printed.indexOf('lease_seconds:')).replaceAll(/^ +/gm, '')
    fs.writeFileSync(path.join(rig.site, 'bjob.yaml'), settings)
    await rig.done(['ls'])
  })

  test('with a second process for a node: both find each other, whatever a killed one has left there', async () => {
    await using rig = await Rig.create()
    const killed = rig.start(['doctor', '--peer', rig.outside])
    await rig.until('it to wait', () => killed.stderr.includes('waiting'))
    await rig.until('its sign', () => fs.existsSync(path.join(rig.outside, '.bjob-doctor')))
    await killed.kill('SIGKILL')
    const peer = rig.start(['doctor', '--peer'], { cwd: rig.outside })
    await rig.until('it to wait', () =>
      fs.readdirSync(path.join(rig.outside, '.bjob-doctor')).some((name) => name.includes(`-${peer.pid}-`)),
    )
    const lines = (await rig.done(['doctor', '--json', rig.outside]))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
    expect((await peer.ended()).status).toBe(0)
    const together = lines.filter(({ nodes }) => nodes === 2)
    expect(together.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['other node', 'news', 'clocks', 'exclusive names', 'one file, two nodes']),
    )
    expect(lines.filter(({ grade }) => grade === 'bad')).toEqual([])
    expect(lines.at(-1)).toMatchObject({ fit: true, settings: { durability: 'node' } })
    expect(fs.readdirSync(rig.outside)).toEqual([])
  })

  test('a folder that is not there is one clear line', async () => {
    await using rig = await Rig.create()
    const { status, stderr } = await rig.bjob(['doctor', path.join(rig.outside, 'nowhere')])
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `bjob: no such folder: ${path.join(rig.outside, 'nowhere')}\nhint: make the folder, or name another one\n`,
    })
  })
})
