import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { isInMarkRange, marksOf, partOf, readMark } from '../../../src/lib/process/process-mark.ts'
import { needs } from '../../rig/needs.ts'
import { until } from '../../rig/until.ts'

test.prop([fc.string(), fc.string(), fc.nat(4095), fc.nat(4095)])(
  'marks of two names, and of two parts, are different; a part lies within the whole',
  (name, other, one, two) => {
    fc.pre(name !== other && one !== two)
    expect(marksOf(name).first).not.toBe(marksOf(other).first)
    const [part, sibling] = [partOf(marksOf(name), one, 20), partOf(marksOf(name), two, 20)]
    const mark = partOf(part, 7, 0).first
    expect([isInMarkRange(marksOf(name), mark), isInMarkRange(part, mark), isInMarkRange(sibling, mark)]).toEqual([
      true,
      true,
      false,
    ])
    expect(isInMarkRange(marksOf(other), mark)).toBe(false)
  },
)

test('a mark stays with what has an empty environment and a session of its own', needs('/proc'), async () => {
  const mark = marksOf('somebody').first + 5n
  const words = [`--rttime=${mark}:`, 'env', '-i', '/usr/bin/setsid', '/bin/sh', '-c', '/bin/sleep 600; true']
  const child = spawn('prlimit', words, { stdio: 'ignore' })
  const shell = child.pid ?? 0
  const sleeper = await until('the last of them', () => {
    const [pid = ''] = fs.readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')
    return pid !== '' && fs.readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n' && Number(pid)
  })
  expect([readMark(shell), readMark(sleeper)]).toEqual([mark, mark])
  for (const pid of [shell, sleeper]) process.kill(pid, 'SIGKILL')
})

test('what nobody has marked has no mark', () => {
  expect(readMark(process.pid)).toBeUndefined()
})
