import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

test('as a tree, by state, with histories and chosen fields; what matches nothing says so', async () => {
  await using rig = await Rig.create()
  const chain = Array.from({ length: 40 }, (_, at) => ({ name: `c${at}`, parents: at === 0 ? [] : [`w/c${at - 1}`] }))
  const records = [...chain, { name: 'left', parents: ['w/c0'] }, { name: 'both', parents: ['w/c1', 'w/left'] }]
  const input = records.map((record) => JSON.stringify({ workflow: 'w', application: 'yes', ...record })).join('\n')
  await rig.done(['spawn', '--from', '-'], { input })
  const lines = (await rig.done(['ls', '--tree'])).trimEnd().split('\n').slice(1)
  const at = (id: string): number => lines.findIndex((line) => line.trim().split(' ')[0] === id)
  expect(lines.length).toBe(records.length)
  // Each once, indented below the nearest of its parents.
  for (const [depth, { name }] of chain.entries())
    expect(lines[at(`w/${name}`)]).toMatch(new RegExp(`^ {${2 * depth}}w/`))
  expect(lines[at('w/both')]).toMatch(/^ {4}w\/both/)
  expect(at('w/both')).toBe(at('w/left') + 1)
  expect(await rig.done(['ls', '--by-state'])).toMatch(/^JOBS +STATE\n1 +CREATED\n41 +AWAITING_PARENTS\n42 +in all\n$/)
  expect(JSON.parse(await rig.done(['ls', '--by-state', '--json', '--name', 'c*']))).toMatchObject({
    CREATED: 1,
    AWAITING_PARENTS: 39,
  })
  expect(await rig.done(['ls', '--history', 'w/left'])).toMatch(
    /^w\/left\n {2}\S+ CREATED spawned by .*\n {2}\S+ AWAITING_PARENTS waits for w\/c0\n$/,
  )
  const fields = await rig.done(['ls', '--fields', 'id,parents', '--sort', '-name', '--limit', '2'])
  expect(fields).toBe('ID      PARENTS\nw/left  w/c0\nw/c39   w/c38\n')
  for (const words of [['--tree'], ['--by-state'], ['--fields', 'id']]) {
    const { status, stderr } = await rig.bjob(['ls', '--workflow', 'none', ...words])
    expect([words, status, stderr]).toEqual([words, 0, 'no job matches\n'])
  }
  for (const words of [['results'], ['retry'], ['set', 'priority=1'], ['clone', '--to', 'v']]) {
    const { status, stderr } = await rig.bjob([...words, '--workflow', 'none'])
    expect([words, status, stderr]).toEqual([words, 0, expect.stringMatching(/^(no job matches|none of the chosen)/)])
  }
  expect((await rig.bjob(['launch', '--workflow', 'none', '--idle-seconds', '0.1'])).stderr).toMatch(
    /no job matches .*workflow none/,
  )
})

test('one job: its folder, its output, its files', async () => {
  await using rig = await Rig.create()
  rig.addApplication('says', 'executable: [/bin/sh, -c, "echo said; echo kept > file"]\n')
  await rig.done(['spawn', '--app', 'says', '--workflow', 'w', '--name', 'a'])
  await rig.done(['launch', '--idle-seconds', '0.1'])
  const folder = (await rig.done(['path', 'w/a'])).trim()
  expect(folder).toBe(rig.folder('w/a'))
  expect([await rig.done(['log', 'w/a']), await rig.done(['cat', 'w/a', 'file'])]).toEqual(['said\n', 'kept\n'])
  // In its folder it need not be named.
  expect(await rig.done(['history'], { cwd: folder })).toContain('JOB_FINISHED')
  expect(fs.existsSync(path.join(folder, 'job.out'))).toBe(true)
})
