/** `bjob history`: what happened to a job. */
import { tell, wordsOf } from '../../core/life/event-words.ts'
import { readJobState } from '../../site/job/jobs.ts'
import type { Command } from '../command/command.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'

export const historyCommand: Command = {
  words: '[ID]',
  about: 'One line for each step of the job: when, which state, and why. Without ID: the job whose folder this is.',
  options: [{ name: 'json', summary: 'print JSON, an object a line' }],
  examples: [['bjob history dl-hps/task1', 'what happened to task1']],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const { history } = await readJobState(site, await findJob(site, input.words[0]))
    const { terminal } = session
    for (const entry of history) {
      if (input.has('json')) await terminal.json(tell(entry))
      else
        await terminal.line(
          `${entry.time} ${terminal.paintState(entry.state, entry.state)} ${wordsOf(entry).replaceAll('\n', '\n    ')}`.trimEnd(),
        )
    }
  },
}
