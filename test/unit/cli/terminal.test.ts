import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { formatAge } from '../../../src/cli/terminal/terminal.ts'

test('lines of one moment go out together, whole and in order, and a reader who does not read stops nobody', async () => {
  // More than a pipe and this process's own buffer hold; as many lines as are kept for such a reader.
  const [count, length] = [10_000, 200]
  const program = path.join(inject('programs'), 'later-lines.cjs')
  const child = spawn(process.execPath, [program, `${count}`, `${length}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = (await once(child.stderr, 'data')) as [Buffer]
  expect(said.toString()).toBe('it goes on\n')
  const [lines, report] = await Promise.all([text(child.stdout), text(child.stderr)])
  expect(lines.split('\n').map((line) => line.replace(/\.+$/, ''))).toEqual([
    ...Array.from({ length: count }, (_, at) => `${at}`),
    '',
  ])
  // The first goes at once, the others as soon as it has gone. A line each would be ten thousand.
  const { isBehind, writes } = JSON.parse(report) as { isBehind: boolean; writes: number }
  expect(isBehind).toBe(false)
  expect(writes).toBeLessThanOrEqual(10)
  expect(writes).toBeGreaterThan(0)
})

describe('formatAge', () => {
  const now = Date.parse('2026-01-10T00:00:00.000Z')
  test.each([
    ['2026-01-10T00:00:05.000Z', '0s'],
    ['2026-01-09T23:59:18.000Z', '42s'],
    ['2026-01-09T23:50:01.000Z', '9m'],
    ['2026-01-09T00:00:00.000Z', '24h'],
    ['2026-01-07T00:00:00.000Z', '3d'],
    ['nonsense', '?'],
  ])('%s is %s ago', (since, age) => expect(formatAge(since, now)).toBe(age))
})
