import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, inject, onTestFinished, test } from 'vitest'

test('lines of one moment go out together, whole and in order, and a reader who does not read stops nobody', async () => {
  // More than a pipe and this process's own buffer hold; as many lines as are kept for such a
  // reader.
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
