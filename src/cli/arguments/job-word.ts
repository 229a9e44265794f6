/** The job of a command: named, or that of the current folder. */
import { requestError } from '../../core/text/errors.ts'
import { type JobId, fullId } from '../../core/job/id.ts'
import { unknownJob } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import { isJobFolder } from '../../site/disk/job-folder.ts'

/** @throws BjobError `unknown-job`, `bad-id`, `bad-option` */
export async function findJob(site: Site, word: string | undefined): Promise<JobId> {
  const id = word === undefined ? site.layout.idOf(process.cwd()) : word
  if (id === undefined)
    throw requestError('bad-option', "no job named, and the current folder is not a job's folder", {
      hint: '`bjob ls` lists them',
    })
  const full = fullId(id)
  if (!(await isJobFolder(site, full))) throw unknownJob(full)
  return full
}

/** @throws BjobError `bad-option` if there are more than `most` words */
export function limitWords(words: readonly string[], most: number): void {
  if (words.length > most) throw requestError('bad-option', `unexpected argument ${JSON.stringify(words[most])}`)
}
