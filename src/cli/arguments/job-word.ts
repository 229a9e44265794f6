/** The job of a command: named, or that of the current folder. */
import { type BjobError, requestError } from '../../core/text/errors.ts'
import { type JobId, fullId } from '../../core/job/id.ts'
import { unknownJob } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import { isJobFolder, listWorkflows } from '../../site/disk/job-folder.ts'

/** @throws BjobError `unknown-job`, `bad-id`, `bad-option` */
export async function findJob(site: Site, word: string | undefined): Promise<JobId> {
  const id = word === undefined ? site.layout.idOf(process.cwd()) : word
  if (id === undefined)
    throw requestError('bad-option', "no job named, and the current folder is not a job's folder", {
      hint: '`bjob ls` lists them',
    })
  const full = fullId(id)
  if (!(await isJobFolder(site, full))) throw (await findWorkflow(site, id)) ?? unknownJob(full)
  return full
}

/** @returns the error for a workflow in the place of a job; undefined if `word` names none */
export async function findWorkflow(site: Site, word: string): Promise<BjobError | undefined> {
  if (word.includes('/') || !(await listWorkflows(site)).includes(word)) return undefined
  return requestError('unknown-job', `no such job: ${fullId(word)}; ${word} is a workflow`, {
    hint: `bjob ls --workflow ${word}`,
  })
}

/** @throws BjobError `bad-option` if there are more than `most` words */
export function limitWords(words: readonly string[], most: number): void {
  if (words.length > most) throw requestError('bad-option', `unexpected argument ${JSON.stringify(words[most])}`)
}
