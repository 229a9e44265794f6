import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Disk, directDisk, pooledDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { FileFollower, LineFollower } from '../../../src/site/follow/file-follower.ts'
import { FileWatch } from '../../../src/site/follow/file-watch.ts'
import { adoptSettings, parseSettings } from '../../../src/site/settings.ts'
import { Site } from '../../../src/site/site.ts'

function siteOf(file: string, disk: Disk = directDisk): Site {
  return new Site(new Layout(path.dirname(file)), disk, parseSettings('poll_seconds: 0.05', ''))
}

/**
 * Follows a file until it has as many lines as are wanted; `onRead` is called once what is new is
 * read.
 */
async function follow(
  file: string,
  wanted: number,
  onRead: (count: number) => void,
  disk: Disk = directDisk,
): Promise<string[]> {
  const site = siteOf(file, disk)
  const lines = new LineFollower(new FileFollower(site, file))
  const seen: string[] = []
  await using watch = new FileWatch(site)
  watch.add(file)
  while (seen.length < wanted) {
    const before = seen.length
    await watch.next()
    for await (const some of lines.read()) seen.push(...some)
    if (seen.length > before && seen.length < wanted) onRead(seen.length)
  }
  return seen
}

describe('a file that is followed', () => {
  const inFolder = async (act: (file: string) => Promise<void>): Promise<void> => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-follow-'))
    try {
      await act(path.join(folder, 'job.out'))
    } finally {
      fs.rmSync(folder, { recursive: true })
    }
  }

  test.each([true, false])('tells of a line that comes right after one was read (there before: %s)', (isThere) =>
    inFolder(async (file) => {
      // chokidar passes over what comes within 50 ms of a change.
      if (isThere) fs.writeFileSync(file, 'line 0\n')
      else setImmediate(() => fs.writeFileSync(file, 'line 0\n'))
      const wanted = Array.from({ length: 20 }, (_, at) => `line ${at}`)
      const seen = await follow(file, wanted.length, (count) => fs.appendFileSync(file, `line ${count}\n`))
      expect(seen).toEqual(wanted)
    }),
  )

  test('is polled on a network file system', () =>
    inFolder(async (file) => {
      const wanted = ['line 0', 'line 1', 'line 2']
      setImmediate(() => fs.writeFileSync(file, 'line 0\n'))
      const seen = await follow(
        file,
        wanted.length,
        (count) => setImmediate(() => fs.appendFileSync(file, `line ${count}\n`)),
        pooledDisk,
      )
      expect(seen).toEqual(wanted)
    }))

  test('is read from its beginning when it is replaced or cut short', () =>
    inFolder(async (file) => {
      fs.writeFileSync(file, 'a long first line\n')
      const steps = [
        () => {
          fs.writeFileSync(`${file}.new`, 'replaced\n')
          fs.renameSync(`${file}.new`, file)
        },
        () => fs.writeFileSync(file, 'cut\n'),
        () => fs.appendFileSync(file, 'grown\n'),
      ]
      const seen = await follow(file, 4, () => steps.shift()?.())
      expect(seen).toEqual(['a long first line', 'replaced', 'cut', 'grown'])
    }))

  test('is watched, not polled, after another file of its folder was dropped', () =>
    inFolder(async (file) => {
      const [missing, second] = [`${file}.1`, `${file}.2`]
      fs.writeFileSync(file, '')
      fs.writeFileSync(second, '')
      await using watch = new FileWatch(siteOf(file))
      for (const one of [file, missing]) {
        watch.add(one)
        await watch.next()
        watch.drop(one)
      }
      watch.add(second)
      // A file that chokidar does not report is polled: almost every call tells of it.
      const isQuiet: boolean[] = []
      while (isQuiet.length < 6 && !(isQuiet.at(-1) === true && isQuiet.at(-2) === true))
        isQuiet.push((await watch.next()).size === 0)
      expect(isQuiet.slice(-2)).toEqual([true, true])
    }))

  test('is waited for while the file system fails', () =>
    inFolder(async (file) => {
      const failures: string[] = []
      const failing: Disk = {
        ...directDisk,
        stat: async (target) => {
          failures.push(target)
          throw Object.assign(new Error('EIO: i/o error, lstat'), { code: 'EIO' })
        },
      }
      await using watch = new FileWatch(siteOf(file, failing))
      watch.add(file)
      while (failures.length < 2) await watch.next()
      fs.writeFileSync(file, 'line\n')
      expect([...(await watch.next())]).toEqual([file])
    }))
})

test('a process that runs takes up what it can of edited settings', () => {
  const settings = (text: string) => parseSettings(text, 'bjob.yaml')
  const before = settings('lease_seconds: 5\ngrace_seconds: 2\n')
  const after = settings('lease_seconds: 9\nhook_seconds: 4\ndefaults: {priority: 1}\n')
  expect(adoptSettings(before, after)).toEqual({
    settings: { ...after, lease_seconds: 5 },
    taken: ['grace_seconds', 'hook_seconds', 'defaults'],
    later: ['lease_seconds'],
  })
  expect(adoptSettings(before, before)).toMatchObject({ taken: [], later: [] })
})
