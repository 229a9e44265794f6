/** What is broken in a job's folder, in one line: for listings, for `why`, and for the journal. */
import { BjobError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { readJobState, readSpecification } from './jobs.ts'
import type { Site } from '../site.ts'

/**
 * @param expected what job.yaml has in all likelihood, of the journal: saves parsing it
 * @returns undefined when both files can be read
 */
export async function findBreakage(site: Site, id: JobId, expected?: JobSpec): Promise<BjobError | undefined> {
  try {
    await readJobState(site, id)
    await readSpecification(site, id, undefined, expected)
    return undefined
  } catch (error) {
    if (error instanceof BjobError) return error
    throw error
  }
}

/** As a person says it: the message and the file's line. */
export function breakageText(error: BjobError): string {
  const { path: file, line } = error.detail
  const name = file === undefined ? '' : (file.split('/').at(-1) ?? '')
  if (line === undefined && error.message.startsWith(`${name} `)) return error.message
  return `${name}${line === undefined ? '' : `:${line}`}${name === '' ? '' : ': '}${error.message}`
}
