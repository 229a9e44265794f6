/** `bjob why`: explains why a job is not running. */
import { explainJob } from '../../client/explain/explain-wait.ts'
import type { Command } from '../command/command.ts'
import { LIST_OPTIONS, Output } from '../command/list-output.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'

export const whyCommand: Command = {
  words: '[ID]',
  about:
    'Explains what a job waits for: a parent, a launcher, free resources, an application, or a correction of its files.',
  options: LIST_OPTIONS,
  examples: [['bjob why dl-hps/task1', 'explain why task1 does not run']],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const id = await findJob(site, input.words[0])
    const reasons = await explainJob(site, id)
    await new Output(input, session.terminal).list([{ id, reasons }], {
      record: (answer) => answer,
      columns: ['id', 'reason'],
      rows: ({ id, reasons }) => reasons.map((reason) => ({ id, reason })),
      line: ({ reasons }) => reasons.join('\n'),
    })
  },
}
