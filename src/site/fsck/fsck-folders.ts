/**
 * Checks the folders by themselves: entries that are not jobs, unreadable files, and possible
 * leftovers.
 */
import { basename } from 'node:path'
import { nameProblem, type JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import type { JobState } from '../../core/life/job-state.ts'
import { BjobError } from '../../core/text/errors.ts'
import { unlessGone } from '../disk/disk.ts'
import type { Finding } from './finding.ts'
import { readJobState, readSpec } from '../job/jobs.ts'
import { entryOf } from '../../core/index/job-entry.ts'
import { readOwnFile } from '../disk/own-file.ts'
import { isScaffold, isWritten, leftoverKind, revisionPath, specDraftPath } from '../disk/layout.ts'
import { addNoFiles, listOrFind } from './fsck-surroundings.ts'
import type { Site } from '../site.ts'

/** The names in a folder that may be workflows or jobs; all others are reported. */
export async function checkFolders(
  site: Site,
  folder: string,
  findings: Finding[],
  suspects?: Finding[],
): Promise<string[]> {
  const names: string[] = []
  for (const { name, isDirectory } of await listOrFind(site, folder, findings)) {
    const path = `${folder}/${name}`
    if (isScaffold(name)) {
      if (leftoverKind(name) === 'aside')
        suspects?.push({ kind: 'leftover-aside', path, message: 'a job left half-made by a spawner that died' })
      else findings.push({ kind: 'foreign', path, isRemark: true, message: 'was not made by bjob' })
    } else if (!isDirectory)
      findings.push({ kind: 'foreign', path, isRemark: true, message: await describeForeign(site, path) })
    else if (nameProblem(name) !== undefined)
      findings.push({
        kind: 'foreign',
        path,
        isRemark: true,
        message: `is not a name of bjob's: ${nameProblem(name)}`,
      })
    else names.push(name)
  }
  return names.sort()
}

async function describeForeign(site: Site, path: string): Promise<string> {
  const isLink = (await site.disk.stat(path))?.isSymbolicLink() === true
  return isLink ? 'is a link, which bjob does not follow here' : 'is a file in a place for folders'
}

/**
 * @param isKnown true if the journal has such a job, which may have deleted all its files
 * @returns the job's entry if the folder is readable
 */
export async function checkJob(
  site: Site,
  id: JobId,
  findings: Finding[],
  suspects: Finding[],
  folders: Set<JobId>,
  isKnown: boolean,
): Promise<JobEntry | undefined> {
  const paths = site.layout.job(id)
  const closed: Finding[] = []
  const entries = await listOrFind(site, paths.dir, closed)
  if (closed.length > 0) {
    findings.push(...closed)
    folders.add(id)
    return undefined
  }
  const names = entries.map(({ name }) => name)
  await addNoFiles(site, paths.dir, entries, isWritten, findings)
  if (!isKnown && !names.includes('job.yaml') && !names.includes('state.yaml')) {
    findings.push({
      kind: 'foreign',
      path: paths.dir,
      id,
      isRemark: true,
      message: 'is not a job: it has neither job.yaml nor state.yaml',
    })
    return undefined
  }
  folders.add(id)
  let state: JobState | undefined
  try {
    state = await readJobState(site, id)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    if (error.code === 'newer-format') {
      findings.push({ kind: 'newer-format', path: paths.state, id, isRemark: true, message: error.message })
      return undefined
    }
    findings.push(await lostState(site, id, error))
  }
  for (const name of names) {
    const path = `${paths.dir}/${name}`
    if (await isScaffolding(site, path)) addLeftover(paths.dir, name, id, state, suspects)
    else
      findings.push({
        kind: 'foreign',
        path,
        id,
        isRemark: true,
        message: `has the name of a ${leftoverKind(name)} and is none`,
      })
  }
  if (names.includes(basename(paths.lock))) await addLock(site, paths.lock, id, findings, suspects)
  if (state?.removed !== undefined) {
    const message = `its removal by ${state.removed} was interrupted`
    suspects.push({ kind: 'half-removed', path: paths.dir, id, message })
    return undefined
  }
  try {
    const spec = await readSpec(site, id, state)
    return state === undefined ? undefined : entryOf(id, state, spec)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    if (error.code === 'forbidden-file') {
      findings.push({ kind: 'unreadable', path: paths.job, id, message: error.message })
      return undefined
    }
    const isLost = (await textOf(site, paths.job)).trim() === ''
    const line = error.detail.line === undefined ? '' : `line ${error.detail.line}: `
    findings.push({
      kind: isLost ? 'lost-specification' : 'broken-specification',
      path: paths.job,
      id,
      message: isLost && error.detail.cause === undefined ? 'is missing or empty' : `${line}${error.message}`,
    })
    return undefined
  }
}

async function lostState(site: Site, id: JobId, error: BjobError): Promise<Finding> {
  const { state } = site.layout.job(id)
  if (error.code === 'forbidden-file') return { kind: 'unreadable', path: state, id, message: error.message }
  const revision = /^revision: (\d+)\n/m.exec(await textOf(site, state))?.[1]
  return {
    kind: 'lost-state',
    path: state,
    id,
    message: error.message,
    ...(revision === undefined ? {} : { revision: Number(revision) }),
  }
}

/** The text of one of bjob's files; empty if it is lost or replaced by something else. */
async function textOf({ disk }: Site, file: string): Promise<string> {
  try {
    return (await unlessGone(readOwnFile(disk, file))) ?? ''
  } catch (error) {
    if (error instanceof BjobError) return ''
    throw error
  }
}

/**
 * True if a file with a scaffolding name is of its kind: revisions are links, drafts are files. A
 * job may have made something else.
 */
async function isScaffolding({ disk }: Site, file: string): Promise<boolean> {
  const kind = leftoverKind(basename(file))
  if (kind !== 'revision' && kind !== 'draft') return true
  const stat = await disk.stat(file)
  return kind === 'revision' ? stat?.isSymbolicLink() === true : stat?.isFile() === true
}

function addLeftover(dir: string, name: string, id: JobId, state: JobState | undefined, suspects: Finding[]): void {
  const kind = leftoverKind(name)
  const path = `${dir}/${name}`
  if (state?.amended !== undefined && path === specDraftPath(dir, state.amended)) {
    suspects.push({ kind: 'unplaced-specification', path, id, message: 'job.yaml of an interrupted change' })
    return
  }
  if (kind === 'draft') suspects.push({ kind: 'leftover-draft', path, id, message: 'an unfinished change' })
  if (kind !== 'revision' || state === undefined) return
  // A claim one above state.yaml's revision stays: no other process may make that revision.
  const number = Number(path.slice(revisionPath(dir, 0).length - 1))
  if (number <= state.revision)
    suspects.push({ kind: 'leftover-revision', path, id, message: `left over from revision ${number}` })
}

/** A lock is an empty folder. */
async function addLock(site: Site, lock: string, id: JobId, findings: Finding[], suspects: Finding[]): Promise<void> {
  const stat = await site.disk.stat(lock)
  if (stat === undefined) return
  const inside = stat.isDirectory() ? await unlessGone(site.disk.list(lock)) : undefined
  if (inside?.length === 0)
    suspects.push({ kind: 'leftover-lock', path: lock, id, message: 'a lock of a dead process' })
  else
    findings.push({
      kind: 'foreign',
      path: lock,
      id,
      isRemark: true,
      message: 'is not a lock, despite its name: the job is changed without a lock, which is safe',
    })
}

/** Temporary files of replacements outside the jobs' folders. */
export async function addReplacements(site: Site, suspects: Finding[]): Promise<void> {
  const { root, apps, journal, launchers, submissions } = site.layout
  const folders = [root, apps, journal, launchers, submissions]
  for (const above of [launchers, submissions])
    for (const { name, isDirectory } of await listOrFind(site, above, []))
      if (isDirectory) folders.push(`${above}/${name}`)
  for (const folder of folders) {
    for (const { name } of await listOrFind(site, folder, [])) {
      const path = `${folder}/${name}`
      if (leftoverKind(name) === 'draft')
        suspects.push({ kind: 'leftover-draft', path, message: 'an unfinished change' })
    }
  }
}
