/** `bjob cat`: prints a file from a job's folder. */
import { DEFAULT_WORKFLOW, type JobId, fullId, isJobId } from '../../core/job/id.ts'
import { isJobFolder } from '../../site/disk/job-folder.ts'
import { readJobFile } from '../../site/job/job-files.ts'
import type { Site } from '../../site/site.ts'
import type { Command } from '../command/command.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'

export const catCommand: Command = {
  words: '[ID] [JOB_FILE]',
  about: `Prints a file from the job's folder: result.dat by default. In a job's own folder, the id may be left out.`,
  options: [],
  examples: [
    ['bjob cat dl-hps/task1', 'print result.dat'],
    ['bjob cat dl-hps/task1 state.yaml', 'print the state of the job'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 2)
    const { id, file } = await findFile(site, input.words)
    await session.terminal.pass(Buffer.from(await readJobFile(site, id, file)))
  },
}

/** In a job's own folder, a single word that names no job is a file. */
async function findFile(site: Site, [word, name]: readonly string[]): Promise<{ id: JobId; file: string }> {
  const own = site.layout.idOf(process.cwd())
  const isFile = word !== undefined && name === undefined && own !== undefined && !(await isJob(site, word))
  if (isFile) return { id: await findJob(site, own), file: word }
  return { id: await findJob(site, word), file: name ?? 'result.dat' }
}

async function isJob(site: Site, word: string): Promise<boolean> {
  return isJobId(word.includes('/') ? word : `${DEFAULT_WORKFLOW}/${word}`) && isJobFolder(site, fullId(word))
}
