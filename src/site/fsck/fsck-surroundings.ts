/**
 * Checks everything beside the jobs: unreadable applications, and foreign entries in the place of
 * bjob's files.
 */
import { basename } from 'node:path'
import { BjobError } from '../../core/text/errors.ts'
import { readApplication } from '../applications.ts'
import { describeFault } from '../disk/own-file.ts'
import { type Entry, isForbidden, isGone, unlessGone } from '../disk/disk.ts'
import { leftoverKind } from '../disk/layout.ts'
import { listTrash } from '../job/remove-job.ts'
import { readLease } from '../launcher/launchers.ts'
import { readSubmission } from '../launcher/submissions.ts'
import type { Site } from '../site.ts'
import type { Finding } from './finding.ts'

const APPLICATION = '.yaml'

/** Lists a folder; an unreadable one is a finding. */
export async function listOrFind(site: Site, folder: string, findings: Finding[]): Promise<readonly Entry[]> {
  try {
    return (await unlessGone(site.disk.list(folder))) ?? []
  } catch (error) {
    if (!isForbidden(error)) throw error
    findings.push({ kind: 'unreadable', path: folder, message: 'cannot be read: permission denied' })
    return []
  }
}

/** Reports entries with the name of one of bjob's files that are not files. */
export async function addNoFiles(
  site: Site,
  folder: string,
  entries: readonly Entry[],
  isFileName: (name: string) => boolean,
  findings: Finding[],
): Promise<void> {
  for (const { name, isFile } of entries) {
    if (isFile || !isFileName(name)) continue
    const file = `${folder}/${name}`
    findings.push({ kind: 'foreign', path: file, isRemark: true, message: await describeKind(site, file) })
  }
}

async function describeKind({ disk }: Site, file: string): Promise<string> {
  const stat = await disk.stat(file)
  const kind = [
    ['folder', stat?.isDirectory()],
    ['link', stat?.isSymbolicLink()],
    ['pipe', stat?.isFIFO()],
    ['socket', stat?.isSocket()],
  ].find(([, isIt]) => isIt === true)?.[0]
  return `is a ${String(kind ?? 'device')} where a file is expected`
}

/** Checks everything outside `jobs/`. */
export async function checkSurroundings(site: Site, findings: Finding[]): Promise<void> {
  const { layout } = site
  await checkApplications(site, findings)
  await checkJournalFolder(site, findings)
  await checkRecords(site, layout.launchers, findings, (id) => readLease(site, id))
  await checkRecords(site, layout.submissions, findings, (id) => readSubmission(site, id))
  const trash = await listOrFind(site, layout.trash, findings)
  for (const file of trash.length === 0 ? [] : (await listTrash(site)).foreign)
    findings.push({
      kind: 'foreign',
      path: file,
      isRemark: true,
      message: 'was not made by bjob, which never deletes it',
    })
}

async function checkApplications(site: Site, findings: Finding[]): Promise<void> {
  for (const { name } of await listOrFind(site, site.layout.apps, findings)) {
    if (!name.endsWith(APPLICATION) || name.startsWith('.')) continue
    const path = `${site.layout.apps}/${name}`
    try {
      await readApplication(site.disk, site.layout, name.slice(0, -APPLICATION.length))
    } catch (error) {
      const message = problemIn(error, path)
      if (message !== undefined)
        findings.push({ kind: 'broken-application', path, message: `no job can use this application: ${message}` })
    }
  }
}

async function checkJournalFolder(site: Site, findings: Finding[]): Promise<void> {
  const { journal, journalReadme } = site.layout
  const caches = [journalReadme, site.layout.snapshot('all'), site.layout.snapshot('live')].map((file) =>
    basename(file),
  )
  const entries = await listOrFind(site, journal, findings)
  await addNoFiles(site, journal, entries, (name) => caches.includes(name), findings)
  for (const { name } of entries) {
    if (caches.includes(name) || name.endsWith('.jsonl') || leftoverKind(name) !== undefined) continue
    findings.push({ kind: 'foreign', path: `${journal}/${name}`, isRemark: true, message: 'was not made by bjob' })
  }
}

/** Checks a folder of launchers or submissions. @param read reads the record of one */
async function checkRecords(
  site: Site,
  folder: string,
  findings: Finding[],
  read: (id: string) => Promise<unknown>,
): Promise<void> {
  for (const { name, isDirectory } of await listOrFind(site, folder, findings)) {
    const path = `${folder}/${name}`
    if (!isDirectory) {
      if (leftoverKind(name) === undefined)
        findings.push({ kind: 'foreign', path, isRemark: true, message: 'was not made by bjob' })
      continue
    }
    const entries = await listOrFind(site, path, findings)
    await addNoFiles(site, path, entries, (file) => leftoverKind(file) === undefined, findings)
    try {
      await read(name)
    } catch (error) {
      const message = problemIn(error, path)
      if (message !== undefined)
        findings.push({ kind: 'foreign', path, isRemark: true, message: `is damaged: ${message}` })
    }
  }
}

/** @throws errors that are not about that file */
function problemIn(error: unknown, file: string): string | undefined {
  if (!(error instanceof BjobError)) {
    const fault = describeFault(error, file)
    if (fault === undefined && !isGone(error)) throw error
    return fault
  }
  const { line } = error.detail
  return `${line === undefined ? '' : `line ${line}: `}${error.message}`
}
