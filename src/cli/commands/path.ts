/** `bjob path`: prints the path of a job's folder. */
import type { Command } from '../command/command.ts'
import { findJob } from '../arguments/job-word.ts'

export const pathCommand: Command = {
  words: 'ID…',
  about: "Prints the path of the job's folder, which is also its working directory.",
  options: [],
  examples: [['cd "$(bjob path dl-hps/task1)"', 'enter the folder']],
  async run(input, session) {
    const { site } = await session.open()
    const words: readonly (string | undefined)[] = input.words.length === 0 ? [undefined] : input.words
    for (const word of words) await session.terminal.line(site.layout.job(await findJob(site, word)).dir)
  },
}
