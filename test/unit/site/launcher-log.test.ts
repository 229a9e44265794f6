import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { formatLogLine, levelOfLine } from '../../../src/core/text/log-line.ts'
import { type Disk, directDisk, pooledDisk } from '../../../src/site/disk/disk.ts'
import { LauncherLog, openLauncherLog } from '../../../src/site/launcher/launcher-log.ts'
import { createLauncher } from '../../../src/site/launcher/launchers.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import type { LineFollower } from '../../../src/site/follow/file-follower.ts'
import { parseSettings } from '../../../src/site/settings.ts'
import { Site } from '../../../src/site/site.ts'

class Folder implements AsyncDisposable {
  readonly root = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-log-'))
  readonly site: Site

  private constructor(disk: Disk) {
    this.site = new Site(new Layout(this.root), disk, parseSettings('', 'bjob.yaml'))
  }

  static async create(disk: Disk): Promise<Folder> {
    const folder = new Folder(disk)
    await createLauncher(folder.site, 'L', {})
    return folder
  }

  get sizes(): number[] {
    const dir = this.site.layout.launcher('L').dir
    return fs
      .readdirSync(dir)
      .filter((name) => name.startsWith('launcher.log'))
      .map((name) => fs.statSync(path.join(dir, name)).size)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    fs.rmSync(this.root, { recursive: true })
  }
}

async function readAll(tail: LineFollower): Promise<string[]> {
  const lines: string[] = []
  for await (const some of tail.read()) lines.push(...some)
  return lines
}

describe("a launcher's log", () => {
  test.prop([fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 30 }), fc.boolean()], { numRuns: 30 })(
    'keeps its order, is never longer than its bound, and a reader that follows misses no line',
    async (bursts, isPooled) => {
      await using folder = await Folder.create(isPooled ? pooledDisk : directDisk)
      const log = new LauncherLog(folder.site, 'L', 500)
      const tail = openLauncherLog(folder.site, 'L')
      const seen: string[] = []
      let count = 0
      for (const burst of bursts) {
        for (let left = burst; left > 0; left--) log.add(`line ${count++}\n`)
        await log.close()
        seen.push(...(await readAll(tail)))
      }
      const all = Array.from({ length: count }, (_, index) => `line ${index}`)
      expect(seen).toEqual(all)
      // Lines that arrive together are written together.
      expect(Math.max(0, ...folder.sizes)).toBeLessThan(500 + 30 * 9)
      const late = await readAll(openLauncherLog(folder.site, 'L'))
      expect(late).toEqual(late.length === 0 ? [] : all.slice(-late.length))
    },
  )

  test('says how many lines a full disk has cost', async () => {
    let isFull = false
    const disk: Disk = {
      ...directDisk,
      openAppend: async (target) => {
        const file = await directDisk.openAppend(target)
        return {
          ...file,
          append: async (text, durable) => {
            if (isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
            await file.append(text, durable)
          },
        }
      },
    }
    await using folder = await Folder.create(disk)
    const log = new LauncherLog(folder.site, 'L')
    for (const [text, full] of [
      ['one\n', false],
      ['two\n', true],
      ['three\n', true],
      ['four\n', false],
    ] as const) {
      isFull = full
      log.add(text)
      await log.close()
    }
    const [one, loss = '', four] = await readAll(openLauncherLog(folder.site, 'L'))
    expect([one, four]).toEqual(['one', 'four'])
    expect(loss).toMatch(/Z ERROR problem 2 lines of this log were lost: ENOSPC$/)
    expect(levelOfLine(loss)).toBe('error')
  })
})

test.prop([fc.string({ unit: 'binary' })])('whatever a message has in it, it is one line of its level', (message) => {
  const line = formatLogLine('2026-01-01T00:00:00.000Z', 'warn', 'job-ended', message)
  expect(line.match(/\n/g)).toHaveLength(1)
  expect(levelOfLine(line)).toBe('warn')
})
