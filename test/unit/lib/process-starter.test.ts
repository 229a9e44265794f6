import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fc } from '@fast-check/vitest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChildStarter } from '../../../src/lib/process/child-starter.ts'
import { loadNativeStarter } from '../../../src/lib/process/native-starter.ts'
import type { ProcessExit, ProcessStarter, StartCommand } from '../../../src/lib/process/process-starter.ts'
import { isProcessAlive } from '../../../src/lib/process/process-table.ts'
import { loginEnvironment } from '../../rig/environment.mjs'
import { type Need, needs } from '../../rig/needs.ts'
import { until } from '../../rig/until.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-starter-'))
// One of them moves this process away and waits for all of its children, and other files' tests run
// in it, too.
const home = process.cwd()
afterAll(() => {
  process.removeAllListeners('SIGCHLD')
  process.chdir(home)
  fs.rmSync(folder, { recursive: true, force: true })
})

/**
 * In this order: whoever has the second waits for all children of this process, also for those of
 * the first.
 */
const STARTERS: readonly (readonly [string, () => Promise<ProcessStarter | undefined>, ...Need[]])[] = [
  ['of Node.js', async () => new ChildStarter()],
  ['of the C library', loadNativeStarter, 'koffi'],
]

interface Seen extends ProcessExit {
  readonly output: string
}

async function run(starter: ProcessStarter, command: Partial<StartCommand>): Promise<Seen> {
  const file = path.join(folder, 'output')
  const output = fs.openSync(file, 'w')
  try {
    const { ended } = starter.start({
      words: ['true'],
      cwd: folder,
      inherited: { PATH: '/usr/bin:/bin' },
      environment: {},
      ...command,
      output,
    })
    return { ...(await ended), output: fs.readFileSync(file, 'utf8') }
  } finally {
    fs.closeSync(output)
  }
}

const failure = async (starter: ProcessStarter, command: Partial<StartCommand>): Promise<string> => {
  try {
    return `it ran: ${JSON.stringify(await run(starter, command))}`
  } catch (error) {
    return String(error)
  }
}

/** Whatever a word may be: no NUL, and what UTF-8 can say. */
const word = fc
  .string({ unit: 'grapheme' })
  .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text)
const nasty = fc.constantFrom("'", '"', '$(id)', '`id`', '\n', '\r', '\\', '*', '~', ';', '&&', '\u001B[2J', '-n', '')
const words = fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 12 })
const variables = fc.dictionary(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/), fc.oneof(word, nasty))

for (const [name, load, ...wanted] of STARTERS)
  describe(`the starter ${name}`, needs(...wanted), () => {
    let starter: ProcessStarter
    beforeAll(async () => {
      const loaded = await load()
      if (loaded === undefined) throw new Error('koffi is not installed')
      starter = loaded
    })

    test('gives a process its words as they are', async () => {
      await fc.assert(
        fc.asyncProperty(words, async (args) => {
          const { output } = await run(starter, { words: ['/usr/bin/printf', '%s\\0', ...args] })
          expect(output.split('\0').slice(0, -1)).toEqual(args)
        }),
        { numRuns: 40 },
      )
    })

    test('gives it its environment as it is, with what is changed and without what is taken away', async () => {
      await fc.assert(
        fc.asyncProperty(variables, variables, fc.boolean(), async (inherited, own, isNull) => {
          const environment = isNull
            ? { ...own, ...Object.fromEntries(Object.keys(inherited).map((name) => [name, null])) }
            : own
          const { output } = await run(starter, { words: ['/usr/bin/env', '-0'], inherited, environment })
          const expected = Object.entries({ ...inherited, ...environment }).filter(([, value]) => value !== null)
          expect(output.split('\0').slice(0, -1).toSorted()).toEqual(expected.map((pair) => pair.join('=')).toSorted())
        }),
        { numRuns: 40 },
      )
    })

    test('gives each of many that inherit the same what it changes of that', async () => {
      const inherited = { PATH: '/usr/bin:/bin', A: 'a', B: 'b', C: 'c' }
      const changes = fc.record({ A: fc.constantFrom(null, 'x'), B: word, D: word }, { requiredKeys: [] })
      await fc.assert(
        fc.asyncProperty(fc.array(changes, { minLength: 2, maxLength: 5 }), async (environments) => {
          for (const environment of environments) {
            const { output } = await run(starter, { words: ['/usr/bin/env', '-0'], inherited, environment })
            const expected = Object.entries({ ...inherited, ...environment }).filter(([, value]) => value !== null)
            expect(output.split('\0').slice(0, -1).toSorted()).toEqual(
              expected.map((pair) => pair.join('=')).toSorted(),
            )
          }
        }),
        { numRuns: 20 },
      )
    })

    test('kills what one has left in its group, and takes it well that nothing is', async () => {
      const file = path.join(folder, 'left')
      const output = fs.openSync(file, 'w')
      const words = ['/bin/sh', '-c', 'sleep 600 & echo $!']
      const { pid = 0, ended } = starter.start({
        words,
        cwd: folder,
        inherited: loginEnvironment(),
        environment: {},
        output,
      })
      await ended
      const left = Number(fs.readFileSync(file, 'utf8'))
      expect(isProcessAlive(left)).toBe(true)
      starter.killGroup(pid)
      await until('its end', () => !isProcessAlive(left))
      expect(() => starter.killGroup(pid)).not.toThrow()
      fs.closeSync(output)
    })

    test('tells an exit status from a signal', async () => {
      const shell = async (script: string): Promise<unknown> => {
        const { code, signal } = await run(starter, { words: ['/bin/sh', '-c', script] })
        return signal ?? code
      }
      expect(await shell('exit 0')).toBe(0)
      expect(await shell('exit 7')).toBe(7)
      expect(await shell('exit 137')).toBe(137)
      expect(await shell('kill -9 $$')).toBe('SIGKILL')
      expect(await shell('kill -TERM $$')).toBe('SIGTERM')
      // Node.js ignores it; a job must not.
      expect(await shell('kill -PIPE $$')).toBe('SIGPIPE')
    })

    test('makes each the leader of a session, in its folder, with nothing to read', async () => {
      const script = 'set -- $(cat /proc/$$/stat); test "$1" = "$5" && test "$1" = "$6" && pwd && cat && umask'
      const { output } = await run(starter, { words: ['/bin/sh', '-c', script] })
      const umask = process.umask().toString(8).padStart(4, '0')
      expect(output).toBe(`${fs.realpathSync(folder)}\n${umask}\n`)
    })

    test('finds a program on the PATH that it gets, and one that has moved', async () => {
      const places = ['one', 'two'].map((name) => path.join(folder, name))
      for (const place of places) fs.mkdirSync(place, { recursive: true })
      const environment = { PATH: places.join(':') }
      const program = path.join(places[0] ?? '', 'tool')
      // No first line that says what runs it: a shell does.
      fs.writeFileSync(program, 'echo tool "$1"\n', { mode: 0o755 })
      expect((await run(starter, { words: ['tool', 'a b'], environment })).output).toBe('tool a b\n')
      fs.renameSync(program, path.join(places[1] ?? '', 'tool'))
      expect((await run(starter, { words: ['tool', 'a b'], environment })).output).toBe('tool a b\n')
      expect((await run(starter, { words: ['two/tool', 'x'] })).output).toBe('tool x\n')
      expect((await run(starter, { words: ['./tool', 'y'], cwd: places[1] ?? '' })).output).toBe('tool y\n')
      expect(await failure(starter, { words: ['true'], environment: { PATH: places[0] ?? '' } })).toMatch(
        /true.*ENOENT/,
      )
    })

    test('says why one cannot be started', async () => {
      fs.writeFileSync(path.join(folder, 'no-program'), 'text')
      expect(await failure(starter, { words: ['/no/such/program'] })).toMatch(/program ENOENT/)
      expect(await failure(starter, { words: ['./no-program'] })).toMatch(/no-program EACCES/)
      expect(await failure(starter, { cwd: path.join(folder, 'absent') })).toMatch(/ENOENT/)
      expect(await failure(starter, { words: ['true', 'a\0b'] })).toMatch(/null bytes|NUL/)
      expect(await failure(starter, { environment: { NAME: 'a\0b' } })).toMatch(/null bytes|NUL/)
      expect(await failure(starter, { words: ['true', 'x'.repeat(1 << 20)] })).toMatch(/E2BIG/)
    })

    test('measures each by itself where the kernel tells', async () => {
      const burn = (ms: number): string[] => [process.execPath, '-e', `while (process.cpuUsage().user < ${ms * 1000});`]
      const ends = await Promise.all([run(starter, { words: burn(300) }), run(starter, { words: burn(50) })])
      for (const { used } of ends) expect(used.cpuSeconds).toBeGreaterThanOrEqual(0.05)
      expect(ends[0]?.used.cpuSeconds).toBeGreaterThanOrEqual(0.29)
    })

    test('waits for many at once', async () => {
      const codes = Array.from({ length: 40 }, (__, index) => index)
      const ends = await Promise.all(codes.map((code) => run(starter, { words: ['/bin/sh', '-c', `exit ${code}`] })))
      expect(ends.map(({ code }) => code)).toEqual(codes)
    })
  })
