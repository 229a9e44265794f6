/** Files in a job's folder that are not bjob's own: data.json, and the job's output files. */
import path from 'node:path'
import { checkData } from '../../core/job/check-spec.ts'
import type { JobId } from '../../core/job/id.ts'
import { BjobError, requestError } from '../../core/text/errors.ts'
import { isGone, unlessGone } from '../disk/disk.ts'
import { readPersonsText, replaceFile } from '../disk/files.ts'
import { hasJob, refuseLinkedJob } from '../disk/job-folder.ts'
import { DATA_FILE } from '../disk/layout.ts'
import { readPlain, requestedFault } from '../disk/own-file.ts'
import type { Site } from '../site.ts'
import { unknownJob } from './jobs.ts'

/**
 * The value of data.json; `undefined` if missing.
 * @param parse `parseJson` to keep numbers as written
 * @throws BjobError `bad-data` if it is broken, `unreadable-file`, `unknown-job`
 */
export async function readData(site: Site, id: JobId, parse: (text: string) => unknown = JSON.parse): Promise<unknown> {
  const { data } = site.layout.job(id)
  let text: string
  try {
    text = await readJobFile(site, id, DATA_FILE, readPersonsText)
  } catch (error) {
    if (error instanceof BjobError && error.code === 'no-such-file') return undefined
    throw error
  }
  try {
    return parse(text)
  } catch (error) {
    throw requestError('bad-data', `data.json is not valid JSON: ${error instanceof Error ? error.message : ''}`, {
      path: data,
      cause: error,
    })
  }
}

/**
 * Replaces data.json, a file of its own so that writers never touch the job's state. @throws
 * BjobError `unknown-job`, `bad-field`, `linked-folder`
 */
export async function writeData(site: Site, id: JobId, data: unknown): Promise<void> {
  const paths = site.layout.job(id)
  await refuseLinkedJob(site, id)
  if (
    (await unlessGone(replaceFile(site.disk, paths.data, formatData(checkData(data))).then(() => true))) === undefined
  )
    throw unknownJob(id)
}

/** The text of data.json. */
export function formatData(data: unknown): string {
  return `${JSON.stringify(data, undefined, 2)}\n`
}

/**
 * The content of a file in a job's folder, after refreshing this node's caches.
 * @throws BjobError `no-such-file`, `unsafe-path`, `link-outside`, `linked-folder`,
 *   `unreadable-file`, `unknown-job`
 */
export async function readJobFile(site: Site, id: JobId, name: string, read = readPlain): Promise<string> {
  const { dir } = site.layout.job(id)
  const file = path.resolve(dir, name)
  if (!file.startsWith(`${dir}${path.sep}`))
    throw requestError('unsafe-path', `${name} is not inside the job's folder`, { path: file })
  try {
    await site.disk.refresh(dir)
    await checkInside(site, file)
    return await read(site.disk, file)
  } catch (error) {
    if (!isGone(error)) throw requestedFault(error, file)
    if (!(await hasJob(site, id))) throw unknownJob(id)
    throw requestError('no-such-file', `${id} has no ${name}`, { path: file, hint: `ls ${dir}` })
  }
}

/**
 * Refuses a link that leads out of the site, so that writers cannot choose what others read.
 * @throws BjobError `link-outside`, `linked-folder`
 */
export async function checkInside(site: Site, file: string): Promise<void> {
  const { disk, layout } = site
  const id = layout.idOf(file)
  if (id !== undefined) await refuseLinkedJob(site, id)
  const isLink = (await disk.stat(file))?.isSymbolicLink() === true
  if (layout.isJobDir(path.dirname(file)) && !isLink) return
  const real = await disk.realpath(file)
  if (real.startsWith(`${await disk.realpath(layout.root)}${path.sep}`)) return
  throw requestError('link-outside', `${path.basename(file)} is a link that leads out of the site`, { path: file })
}
