/** `bjob history`: prints a job's history. */
import { tell } from '../../core/life/event-words.ts'
import { readJobState } from '../../site/job/jobs.ts'
import type { Command } from '../command/command.ts'
import { LIST_OPTIONS, Output } from '../command/list-output.ts'
import { HISTORY_COLUMNS, historyLine } from '../show/history-line.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'

export const historyCommand: Command = {
  words: '[ID]',
  about: "Prints one line per step of the job: time, state and reason. Without ID, the current folder must be a job's.",
  options: LIST_OPTIONS,
  examples: [['bjob history dl-hps/task1', 'print the history of task1']],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const { history } = await readJobState(site, await findJob(site, input.words[0]))
    const { terminal } = session
    await new Output(input, terminal).list(history, {
      record: tell,
      columns: HISTORY_COLUMNS,
      line: (entry) => historyLine(entry, terminal),
    })
  },
}
