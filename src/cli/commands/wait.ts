/** `bjob wait`: waits until jobs end. */
import { requestError } from '../../core/text/errors.ts'
import { isEmptyFilter } from '../../core/index/filter.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { isEnded } from '../../core/life/states.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { defined } from '../../lib/defined.ts'
import type { Command } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../arguments/filter-options.ts'
import { LIST_OPTIONS, type LineListing, Output } from '../command/list-output.ts'
import { JOB_COLUMNS, jobRecord } from '../show/job-record.ts'
import { ProgressLine, formatProgress } from '../terminal/progress-line.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

export const waitCommand: Command = {
  words: '[ID…]',
  about: `Waits until the selected jobs have ended; without a filter, all jobs that the site has now. Prints one line per job,
first for jobs that have already ended, then as jobs end. With --any, jobs that have already ended count only if
given by id. Exit status: 1 if a job did not finish, or at the timeout. ${FILTER_HELP}`,
  options: [
    ...FILTER_OPTIONS,
    { name: 'any', summary: 'return when one job has ended' },
    { name: 'timeout', value: 'SECONDS', summary: 'give up after this time' },
    { name: 'quiet', summary: 'print nothing' },
    ...LIST_OPTIONS,
  ],
  examples: [
    ['bjob wait dl-hps/task1', 'one job'],
    ['bjob wait --workflow dl-hps --timeout 3600', 'wait for a workflow, at most an hour'],
    ['bjob wait --any && bjob results --cursor c', 'wait until there is a result to process'],
  ],
  async run(input, session) {
    const client = await session.open()
    const { terminal } = session
    const filter = filterOf(input)
    const exact = input.words.filter((word) => !word.includes('*'))
    for (const word of exact) await client.job(word)
    const chosen = await client.select(filter).entries()
    if (chosen.length === 0) {
      if (isEmptyFilter(filter)) return 0
      throw requestError('no-match', 'no job matches: nothing to wait for', {
        hint: '`bjob ls` takes the same filters',
      })
    }
    // With --any, earlier ends do not count unless the job is named.
    const waited = input.has('any') && input.words.length === 0 ? chosen.filter(({ state }) => !isEnded(state)) : chosen
    const output = new Output(input, terminal)
    const listing: LineListing<JobEntry> = {
      record: (entry) => jobRecord(client.site, entry),
      columns: JOB_COLUMNS,
      line: ({ id, state }) => `${id} ${terminal.paintState(state, state)}`,
    }
    const lines: Promise<void>[] = []
    const endedBefore = new Set(waited.filter(({ state }) => isEnded(state)).map(({ id }) => id))
    const progress = new ProgressLine(terminal, !input.has('quiet') && output.isText, (text) =>
      lines.push(terminal.write(text)),
    )
    const startedMs = monotonicMs()
    const counts = { ended: 0, before: 0, failed: 0 }
    const show = (): void => {
      const perSecond = (counts.ended - counts.before) / ((monotonicMs() - startedMs) / 1000)
      const words = [counts.failed === 0 ? '' : `${counts.failed} failed`]
      progress.show((width) => formatProgress(counts.ended, waited.length, words, perSecond, width))
    }
    if (!input.has('quiet')) progress.print(output.head(listing))
    show()
    const timeoutSeconds = input.duration('timeout', 'seconds')
    const outcome = await client
      .wait(
        waited.map(({ id }) => id),
        {
          any: input.has('any') && waited.length > 0,
          ...defined({ timeoutSeconds }),
          signal: stopSignal(),
          onEnd: (entry) => {
            if (input.has('quiet')) return
            progress.print(output.itemText(entry, listing))
            counts.ended += 1
            if (endedBefore.has(entry.id)) counts.before += 1
            if (entry.state === 'FAILED') counts.failed += 1
            show()
          },
        },
      )
      .finally(() => progress.end())
    await Promise.all(lines)
    if (outcome.isTimeout)
      terminal.note(
        `bjob: timeout: ${outcome.open.length} ${outcome.open.length === 1 ? 'job has' : 'jobs have'} not ended`,
      )
    const isWell = outcome.ended.every(({ state }) => state === 'JOB_FINISHED') && outcome.gone.length === 0
    return isWell && (outcome.open.length === 0 || (input.has('any') && !outcome.isTimeout)) ? 0 : 1
  },
}
