import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { JobEvent } from '../../../src/core/index/journal-events.ts'
import { type AppendFile, type Disk, directDisk } from '../../../src/site/disk/disk.ts'
import { JournalWriter } from '../../../src/site/journal/journal-writer.ts'
import { until } from '../../rig/until.ts'

const event: JobEvent = {
  id: 'w/job',
  born: '2026-11-23T03:41:20.113Z',
  revision: 1,
  state: 'CREATED',
  attempt: 0,
  history: [],
}

/**
 * The local disk, whose file tells what is done with it, and whose flushes take until they are let
 * go.
 */
class SlowFlush {
  readonly told: string[] = []
  readonly disk: Disk = { ...directDisk, openAppend: async (target) => this.#hold(await directDisk.openAppend(target)) }
  #letGo: () => void = () => {}
  #flush: Promise<void> = Promise.resolve()

  /** From now on a flush takes until `letGo` is called. */
  hold(): void {
    this.#flush = new Promise((resolve) => (this.#letGo = resolve))
  }

  letGo(): void {
    this.#letGo()
  }

  #hold(file: AppendFile): AppendFile {
    return {
      append: async (text, isDurable) => {
        this.told.push('write')
        await file.append(text, isDurable)
        if (isDurable) await this.#flush
        this.told.push(isDurable ? 'flushed' : 'written')
      },
      isInPlace: async () => file.isInPlace(),
      close: async () => {
        this.told.push('close')
        await file.close()
      },
    }
  }
}

test('it is closed only after the flush that makes the last change durable', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-journal-'))
  const slow = new SlowFlush()
  const journal = new JournalWriter(slow.disk, path.join(folder, 'host.jsonl'), true)
  const announcement = await journal.announce(event)
  slow.hold()
  announcement.settle(true)
  await until('what is done to be written', () => slow.told.length === 3)
  const closed = journal.close()
  // Whatever is due in this turn and the next ones, the close among it, had it not to wait.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  slow.letGo()
  await closed
  expect(slow.told).toEqual(['write', 'flushed', 'write', 'flushed', 'close'])
  fs.rmSync(folder, { recursive: true })
})
