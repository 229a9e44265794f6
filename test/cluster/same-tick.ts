/**
 * Two nodes and the tick of the server's clock, for nfs.test.ts: one repeatedly makes a new journal
 * in the tick in which the other has listed the folder. They talk over the network, because both
 * would see a file.
 *
 *     same-tick reader ROOT      on c2, in the background
 *     same-tick writer ROOT      on c1; prints the number of hits of that tick, and of journals
 *                                that the other saw then
 */
import dgram from 'node:dgram'
import fs from 'node:fs'
import path from 'node:path'
import { sleep } from '../../src/lib/sleep.ts'
import { diskFor } from '../../src/site/disk/disk.ts'
import { JournalReader } from '../../src/site/journal/journal-reader.ts'
import { JournalWriter } from '../../src/site/journal/journal-writer.ts'
import { Layout } from '../../src/site/disk/layout.ts'

const READER = { port: 7002, address: '10.55.0.3' }
const ENOUGH = 8
const MOST_TRIES = 400
/** How long the reader looks for a journal, as often as it can. */
const PATIENCE_MS = 3000

interface Question {
  readonly id: number
  /** A journal to look for; none: list once. */
  readonly wanted?: string
}

interface Answer {
  readonly id: number
  readonly isSeen: boolean
  /** The time of the folder that was listed, as the reader has it, in nanoseconds. */
  readonly folderTime: string
}

const [role, root = ''] = process.argv.slice(2)
const layout = new Layout(root)
const socket = dgram.createSocket('udp4')

function folderTime(): string {
  return String(fs.lstatSync(layout.journal, { bigint: true }).mtimeNs)
}

function answerQuestions(): void {
  const reader = new JournalReader({ disk: diskFor(root), layout })
  const answer = async ({ id, wanted }: Question): Promise<Answer> => {
    const begun = performance.now()
    for (;;) {
      const hosts = await reader.hosts()
      const isSeen = wanted === undefined || hosts.includes(wanted)
      if (isSeen || performance.now() - begun > PATIENCE_MS) return { id, isSeen, folderTime: folderTime() }
      await sleep(20)
    }
  }
  socket.on('message', (bytes, from) => {
    void answer(JSON.parse(bytes.toString()) as Question).then((said) =>
      socket.send(JSON.stringify(said), from.port, from.address),
    )
  })
  socket.bind(READER.port)
}

let count = 0

async function ask(wanted?: string): Promise<Answer> {
  const id = (count += 1)
  const text = JSON.stringify({ id, wanted })
  const send = (): void => socket.send(text, READER.port, READER.address)
  return new Promise((resolve) => {
    const again = setInterval(send, PATIENCE_MS * 2)
    const hear = (bytes: Buffer): void => {
      const answer = JSON.parse(bytes.toString()) as Answer
      if (answer.id !== id) return
      clearInterval(again)
      socket.off('message', hear)
      resolve(answer)
    }
    socket.on('message', hear)
    send()
  })
}

async function makeJournals(): Promise<void> {
  const disk = diskFor(root)
  let met = 0
  let seen = 0
  let tries = 0
  for (; tries < MOST_TRIES && met < ENOUGH; tries++) {
    const host = `node${tries}`
    let madeAt = ''
    const journal = new JournalWriter(
      {
        ...disk,
        openAppend: async (target) => {
          const file = await disk.openAppend(target)
          madeAt = folderTime()
          return file
        },
      },
      layout.journalOf(host),
      true,
    )
    // Two changes of the folder, and a listing between them.
    fs.writeFileSync(path.join(layout.journal, `before-${host}`), '')
    const listed = await ask()
    const announcement = await journal.announce({
      id: 'w/job',
      born: '2026-11-23T03:41:20.113Z',
      revision: 1,
      state: 'CREATED',
      attempt: 0,
      history: [],
    })
    announcement.settle(true)
    await journal.close()
    if (listed.folderTime !== madeAt) continue
    met += 1
    if ((await ask(host)).isSeen) seen += 1
  }
  socket.close()
  process.stdout.write(`${JSON.stringify({ tries, met, seen })}\n`)
}

if (role === 'reader') answerQuestions()
else await makeJournals()
