/** `bjob session`: serves a driver in any language. */
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
  about: `A driver starts this coprocess once, writes one JSON request per line, and reads one JSON reply or end per line.
A request has "op" and "id" (any number or text). Its reply is {"id": …, "ok": …} or
{"id": …, "error": {"code", "message", "hint", "field"}}.

  {"op": "spawn", "id": 1, "job": {…}}     makes a job from a record as in \`spawn --from\`. "if_exists": "error" (default),
                                           "reuse" or "rename"; "folder": the folder of its input files.
                                           ok: {"id": JOB, "new": true, "dir": …}
  {"op": "get", "id": 2, "job": JOB}       ok: the job, as printed by \`bjob ls --json\`
  {"op": "query", "id": 3, "filter": {…}}  ok: a list of such jobs. A filter has id, workflow, name, state, app, launcher,
                                           parents, tag: each a word or a list of words, where * stands for any text; an
                                           empty list matches nothing. Each, except tag, may also be {"in": […],
                                           "contains", "icontains", "startsWith", "glob": text}. "tags": {KEY: the same};
                                           "data": {KEY: the same, or a number, true, false, null}, from data.json.
                                           "exclude": like "filter"; either may be a list of filters.
                                           "order_by": fields, such as "-changed"; "limit": N
  {"op": "read", "id": 4, "job": JOB, "file": "result.dat"}     ok: {"content": text}
  {"op": "kill", "id": 5, "job": JOB}      ok: {"kind": "killed", "ended" or "asked", …}; with "recursive": true, a list for
                                           the job and all its descendants
  {"op": "set", "id": 5, "job": JOB, "fields": {…}}             changes fields of job.yaml, or data, like \`bjob set\`. ok: {"id": JOB,
                                           "kind": "done", "left" (unchanged), "refused" or "failed", "message": …}
  {"op": "retry", "id": 5, "job": JOB}, {"op": "remove", …}     retry a failed job; move a job to the trash. ok: as for set
  {"op": "results", "id": 6}               delivers each end of a job once, as it happens: {"of": 6, "end": {…}}, with the
                                           object that \`bjob results\` prints
      "cursor": FILE      only ends not delivered before; continues after any crash
      "file": NAME        file to read from each job (default result.dat)
      "filter"            as above, but words only, and without parents, tags and data
      "acknowledge": true an end counts as delivered when the driver sends {"op": "ack", "of": 6}, and the next one
                          follows then: for drivers that must not lose an end when they are killed.
                          Without it, an end counts as delivered when it is written
      "follow": false     only jobs that have already ended; the reply, {"ends": COUNT}, follows the last end
  {"op": "stop", "id": 7, "of": 6}         stops results 6, whose reply follows
  {"op": "ping", "id": 8}                  ok: {"protocol": 1, "site": …, "job": the job this runs in, or null}
  {"op": "close", "id": 9}                 answers all earlier requests, then this one, and exits; so does end of input

A line has at most 16 MiB of UTF-8. Requests start in order, and spawns complete before later requests start; replies
come as they are ready. Spawns that arrive together are made together, so write many before reading. A line that is
not a request gets an error ("id": null if it has none), and the session continues. "protocol" increases when older
drivers could no longer understand the session, or be understood; keys may be added at any time.
If a session dies, start another and repeat the unanswered requests; "if_exists": "reuse" makes that safe for spawns.`,
  options: [],
  examples: [
    [
      `echo '{"op": "spawn", "id": 1, "job": {"application": "hello", "name": "a"}}' | bjob session`,
      'send one request by hand',
    ],
    ['bjob init mysite --template list', 'list templates with drivers that use it'],
  ],
  async run(input, session) {
    if (input.words.length > 0)
      throw requestError(
        'bad-option',
        `unexpected argument ${JSON.stringify(input.words[0])}: requests are read from standard input`,
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

/** Resolves at the end of the input, or when `isOver` returns true. */
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

/** Uses the thread pool: a driver that writes before it reads must not block this process. */
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
