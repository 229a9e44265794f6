/** `bjob cat`: prints a file from a job's folder. */
import { requestError } from '../../core/text/errors.ts'
import { readJobFile } from '../../site/job/job-files.ts'
import type { Command } from '../command/command.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'

export const catCommand: Command = {
  words: 'ID [JOB_FILE]',
  about: "Prints a file from the job's folder: result.dat by default.",
  options: [],
  examples: [
    ['bjob cat dl-hps/task1', 'print result.dat'],
    ['bjob cat dl-hps/task1 state.yaml', 'print the state of the job'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 2)
    const [word, file = 'result.dat'] = input.words
    if (word === undefined) throw requestError('bad-option', 'no job named: bjob cat ID [FILE]')
    await session.terminal.pass(Buffer.from(await readJobFile(site, await findJob(site, word), file)))
  },
}
