/**
 * The verdict of a postprocess: a file in the job's folder that the job's owner reads after the
 * postprocess. The postprocess never writes state.yaml, because only the owner changes a job.
 */
import { BjobError, requestError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import { VERDICT_STATES, type Verdict } from '../../core/life/outcome.ts'
import { leadsTo } from '../../core/life/states.ts'
import { codeOf, unlessGone } from '../disk/disk.ts'
import { replaceFile } from '../disk/files.ts'
import { readJobState } from './jobs.ts'
import { readOwnFile } from '../disk/own-file.ts'
import type { Site } from '../site.ts'

/** @throws BjobError `bad-verdict` if the job cannot enter that state */
export async function writeVerdict(site: Site, id: JobId, { state, message }: Verdict): Promise<void> {
  const current = await readJobState(site, id)
  const choices = VERDICT_STATES.filter((choice) => leadsTo(current.state, choice))
  if (!choices.some((choice) => choice === state)) {
    throw requestError('bad-verdict', `${id} is ${current.state} and cannot become ${state} here`, {
      field: 'state',
      hint: `possible states: ${choices.join(' or ')}`,
    })
  }
  await replaceFile(site.disk, site.layout.job(id).verdict, `${JSON.stringify({ state, message })}\n`, false)
}

/** Reads the verdict, if any; an invalid or unreadable one counts as none. */
export async function readVerdict(site: Site, id: JobId): Promise<Verdict | undefined> {
  const { dir, verdict } = site.layout.job(id)
  await site.disk.refresh(dir)
  try {
    const text = await unlessGone(readOwnFile(site.disk, verdict))
    const { state, message } = JSON.parse(text ?? '{}') as Partial<Verdict>
    const known = VERDICT_STATES.find((choice) => choice === state)
    return known === undefined ? undefined : { state: known, message: typeof message === 'string' ? message : '' }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BjobError) return undefined
    throw error
  }
}

/** Removes an earlier verdict; a foreign entry of that name, such as a folder, stays. */
export async function clearVerdict(site: Site, id: JobId): Promise<void> {
  try {
    await unlessGone(site.disk.unlink(site.layout.job(id).verdict))
  } catch (error) {
    if (!['EISDIR', 'EPERM'].includes(codeOf(error))) throw error
  }
}
