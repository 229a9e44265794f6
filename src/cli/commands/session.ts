/** `bjob session`: a driver's coprocess, in any language. */
import fs from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { DriverSession } from '../../client/session/driver-session.ts'
import { requestError } from '../../core/text/errors.ts'
import { LineSplitter, type ReadLine } from '../../lib/text/line-splitter.ts'
import { codeOf } from '../../site/disk/disk.ts'
import { LiveSite } from '../../site/live-site.ts'
import type { Command } from '../command/command.ts'
import { jobRecord } from '../show/job-record.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

const STDOUT = 1

export const sessionCommand: Command = {
  words: '',
  about: `For a driver in any language: it starts this once, writes requests, a JSON object a line, and reads replies and ends, a JSON object a line.
A request has "op" and "id" (any number or text); its reply is {"id": …, "ok": …} or {"id": …, "error": {"code", "message", "hint", "field"}}.

  {"op": "spawn", "id": 1, "job": {…}}     a record as in \`spawn --from\`; "if_exists": "error" (default), "reuse" or "rename"; "folder": where its
                                           input files are looked for. ok: {"id": JOB, "new": true, "dir": …}
  {"op": "get", "id": 2, "job": JOB}       ok: the job, as \`bjob ls --json\` prints it
  {"op": "query", "id": 3, "filter": {…}}  ok: a list of such jobs. A filter has id, workflow, name, state, app, launcher, parents, tag: each a word or
                                           a list of words, globs where they hold *; an empty list matches nothing. But for tag, each may also be
                                           {"in": […], "contains", "icontains", "startsWith", "glob": text}. "tags": {KEY: likewise}; "data": {KEY:
                                           likewise, or a number, true, false, null}, of data.json. "exclude": as "filter"; either may be a list of
                                           filters. "order_by": fields, as "-changed"; "limit": N
  {"op": "read", "id": 4, "job": JOB, "file": "result.dat"}     ok: {"content": text}
  {"op": "kill", "id": 5, "job": JOB}      ok: {"kind": "killed", "ended" or "asked", …}; with "recursive": true, of all jobs below it, too: a list
  {"op": "set", "id": 5, "job": JOB, "fields": {…}}             changes fields of job.yaml, or data, as \`bjob set\`; ok: {"id": JOB, "kind": "done",
                                           "left" (it was so), "refused" or "failed", "message": …}
  {"op": "retry", "id": 5, "job": JOB}, {"op": "remove", …}     another chance for what has failed; to the trash. ok: as for set
  {"op": "results", "id": 6}               each end of a job, once, as it happens: {"of": 6, "end": {…}}, the object that \`bjob results\` prints.
      "cursor": FILE      only what was not handed out before; go on with it after any crash
      "file": NAME        what to read of each (default result.dat)
      "filter"            as above, but words only, and without parents, tags and data
      "acknowledge": true an end is handed out when the driver says {"op": "ack", "of": 6}, and only then the next one comes: for drivers that
                          must not lose an end when they are killed. Without it, an end is handed out when it is written
      "follow": false     only what has ended already; the reply, {"ends": COUNT}, comes after the last
  {"op": "stop", "id": 7, "of": 6}         ends results 6: their reply comes then
  {"op": "ping", "id": 8}                  ok: {"protocol": 1, "site": …, "job": the job that this runs in, or null}
  {"op": "close", "id": 9}                 replies to all that came before, then to this, and ends; so does the end of the input

A line has at most 16 MiB of UTF-8. Requests are begun in the order of their lines, and spawns are done before what follows them; replies come as they are ready. Spawns that arrive
together are made together: write many before you read. A line that is no request gets an error ("id": null where it has none); the session goes on.
"protocol" grows when a driver written before would no longer be understood, or no longer understand; keys may be added any time.
A driver whose session died starts another and asks again what was not answered; "if_exists": "reuse" makes that safe for spawns.`,
  options: [],
  examples: [
    [
      `echo '{"op": "spawn", "id": 1, "job": {"application": "hello", "name": "a"}}' | bjob session`,
      'one request, by hand',
    ],
    ['bjob init mysite --template list', 'templates with drivers that use it'],
  ],
  async run(input, session) {
    if (input.words.length > 0)
      throw requestError(
        'bad-option',
        `${JSON.stringify(input.words[0])} is one word too many: requests are read from standard input`,
      )
    const client = await session.open()
    const driver = new DriverSession(client, {
      write: (text) => writeAll(Buffer.from(text)),
      describe: (entry) => jobRecord(client.site, entry),
    })
    const stop = stopSignal()
    const tell = (message: string): void => session.terminal.note(`bjob: ${message}`)
    await using _live = new LiveSite(client.site, { onEdit: tell, onProblem: tell })
    stop.addEventListener('abort', () => process.stdin.destroy(), { once: true })
    await readInput(
      (line) => driver.receive(line),
      () => driver.isClosing,
    )
    await driver.end()
  },
}

/** Resolves at the end of the input, or when `isOver` says so. */
async function readInput(take: (line: ReadLine) => void, isOver: () => boolean): Promise<void> {
  const lines = new LineSplitter()
  await new Promise<void>((resolve) => {
    process.stdin.on('data', (bytes: Buffer) => {
      for (const line of lines.push(bytes)) take(line)
      if (isOver()) process.stdin.destroy()
    })
    process.stdin.once('error', resolve)
    process.stdin.once('close', resolve)
    process.stdin.once('end', resolve)
  })
  for (const line of lines.end()) take(line)
}

/** Through the thread pool: a driver that writes much before it reads must not stop this process from reading. */
async function writeAll(bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += await new Promise<number>((resolve, reject) => {
        fs.write(STDOUT, bytes, at, (error, written) => (error === null ? resolve(written) : reject(error)))
      })
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error
      await delay(1)
    }
  }
}
