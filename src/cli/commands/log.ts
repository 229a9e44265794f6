/** `bjob log`: a job's output. */
import { setTimeout as delay } from 'node:timers/promises'
import { requestError } from '../../core/errors.ts'
import { isEnded } from '../../core/states.ts'
import { unlessGone } from '../../site/disk.ts'
import { checkInside, readJobState } from '../../site/jobs.ts'
import { outputName } from '../../site/layout.ts'
import type { Site } from '../../site/site.ts'
import type { Command, Session } from '../command.ts'
import { findJob, limitWords } from '../job-word.ts'
import { stopSignal } from '../stop-signal.ts'

const LOOK_AGAIN_MS = 200
const CHUNK_BYTES = 1024 * 1024

export const logCommand: Command = {
  words: '[ID]',
  about: 'What the job wrote to its standard output and error: of its last attempt, unless --attempt says which.',
  options: [
    { name: 'follow', alias: 'f', summary: 'go on as it grows, until the job ends' },
    { name: 'attempt', value: 'N', summary: 'of this attempt' },
  ],
  examples: [
    ['bjob log dl-hps/task1', 'the output so far'],
    ['bjob log -f dl-hps/task1', 'and what comes'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const id = await findJob(site, input.words[0])
    const wanted = input.number('attempt', 1)
    if (input.has('follow')) return follow(site, id, wanted, session)
    const attempt = wanted ?? Math.max(1, (await readJobState(site, id)).attempt)
    const shown = await copyOutput(site, id, attempt, 0, session)
    if (shown === undefined)
      throw requestError('no-such-file', `${id} has no output of attempt ${attempt} yet`, { hint: `bjob why ${id}` })
  },
}

async function follow(site: Site, id: string, wanted: number | undefined, session: Session): Promise<void> {
  const signal = stopSignal()
  let attempt = wanted ?? 1
  let offset = 0
  for (;;) {
    const state = await readJobState(site, id)
    if (wanted === undefined && offset === 0) attempt = Math.max(1, state.attempt)
    offset = (await copyOutput(site, id, attempt, offset, session)) ?? offset
    if (signal.aborted) return
    if (wanted === undefined && state.attempt > attempt) {
      attempt += 1
      offset = 0
    } else if (isEnded(state.state) || state.attempt > attempt) return
    else
      await delay(site.disk.isNetwork ? site.settings.poll_seconds * 1000 : LOOK_AGAIN_MS, undefined, { signal }).catch(
        () => {},
      )
  }
}

/** @returns the offset up to which it is written; `undefined` when there is no such output */
async function copyOutput(
  site: Site,
  id: string,
  attempt: number,
  from: number,
  { terminal }: Session,
): Promise<number | undefined> {
  const file = `${site.layout.job(id).dir}/${outputName(attempt)}`
  await unlessGone(checkInside(site, file))
  let offset = from
  for (;;) {
    const bytes = await unlessGone(site.disk.readFrom(file, offset, CHUNK_BYTES))
    if (bytes === undefined) return offset === 0 ? undefined : offset
    if (bytes.length === 0) return offset
    await terminal.pass(bytes)
    offset += bytes.length
  }
}
