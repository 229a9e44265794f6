/** `bjob why`: what a job is waiting for. */
import { explainJob } from '../../client/explain/explain-wait.ts'
import type { Command } from '../command/command.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'

export const whyCommand: Command = {
  words: '[ID]',
  about: 'Says what a job is waiting for: parents, a launcher, room, an application, or somebody who mends its file.',
  options: [{ name: 'json', summary: 'print JSON' }],
  examples: [['bjob why dl-hps/task1', 'why does task1 not run?']],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const id = await findJob(site, input.words[0])
    const reasons = await explainJob(site, id)
    if (input.has('json')) return session.terminal.json({ id, reasons })
    for (const reason of reasons) await session.terminal.line(reason)
  },
}
