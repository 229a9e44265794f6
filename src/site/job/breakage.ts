/** Describes a job's broken files in one line, for listings, `why` and the journal. */
import { BjobError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { readApplication } from '../applications.ts'
import { readJobState, readSpec } from './jobs.ts'
import type { Site } from '../site.ts'

/**
 * @param expected the probable content of job.yaml, from the journal: saves parsing it
 * @returns undefined if both files are readable
 */
export async function findBreakage(site: Site, id: JobId, expected?: JobSpec): Promise<BjobError | undefined> {
  try {
    await readJobState(site, id)
    await readSpec(site, id, undefined, expected)
    return undefined
  } catch (error) {
    if (error instanceof BjobError) return error
    throw error
  }
}

/** @returns undefined if the application can be used */
export async function findApplicationFault(
  { disk, layout }: Site,
  application: string,
): Promise<BjobError | undefined> {
  try {
    await readApplication(disk, layout, application)
    return undefined
  } catch (error) {
    if (error instanceof BjobError) return error
    throw error
  }
}

/** The message with file and line. */
export function breakageText(error: BjobError): string {
  const { path: file, line } = error.detail
  const name = file === undefined ? '' : (file.split('/').at(-1) ?? '')
  if (line === undefined && error.message.split(' ').includes(name)) return error.message
  return `${name}${line === undefined ? '' : `:${line}`}${name === '' ? '' : ': '}${error.message}`
}
