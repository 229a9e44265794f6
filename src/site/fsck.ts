/**
 * Is this tree whole? Looks at every folder and compares it with the journal; names what is damaged and what is left over, and knows for each
 * whether there is one right way to mend it. What may still be in use is watched for a while first.
 */
import { problemOf, splitId, type JobId } from '../core/id.ts'
import { type IndexEntry, JobIndex } from '../core/job-index.ts'
import type { JobState } from '../core/job-state.ts'
import { BjobError } from '../core/errors.ts'
import { isProcessAlive } from '../lib/process-table.ts'
import { sleep } from '../lib/sleep.ts'
import { shortHost } from '../lib/token.ts'
import { unlessGone } from './disk.ts'
import { readJobState, readSpecification } from './jobs.ts'
import { JournalReader } from './journal-reader.ts'
import { isScaffold, leftoverKind, revisionPath, specificationDraftPath } from './layout.ts'
import { entryOf } from './scan.ts'
import type { Site } from './site.ts'

/** A living writer is done within milliseconds, and refreshes what it holds every two seconds. */
const WATCH_MS = 5000
const AT_ONCE = 16

export type FindingKind =
  | 'leftover-aside'
  | 'leftover-draft'
  | 'leftover-revision'
  | 'leftover-lock'
  | 'half-removed'
  | 'unplaced-specification'
  | 'lost-state'
  | 'lost-specification'
  | 'broken-specification'
  | 'not-in-journal'
  | 'journal-behind'
  | 'mended'
  | 'state-behind'
  | 'no-folder'
  | 'unreadable-lines'
  | 'foreign'

export interface Finding {
  readonly kind: FindingKind
  /** One line for a person. */
  readonly message: string
  readonly path: string
  readonly id?: JobId
  /** Worth knowing, and no damage. */
  readonly isRemark?: true
  /** For mending: the revision that a torn state.yaml still shows, or the entry that the folder has, or the journal. */
  readonly revision?: number
  readonly entry?: IndexEntry
}

/** Finds all damage. Changes nothing. */
export async function checkSite(site: Site): Promise<Finding[]> {
  const findings: Finding[] = []
  const suspects: Finding[] = []
  const journals = await foldJournals(site)
  const folders = new Set<JobId>()
  const jobs: JobId[] = []
  for (const workflow of await checkFolders(site, site.layout.jobs, findings)) {
    for (const name of await checkFolders(site, site.layout.workflow(workflow), findings, suspects))
      jobs.push(`${workflow}/${name}`)
  }
  const states = new Map<JobId, IndexEntry>()
  const next = jobs.values()
  const worker = async (): Promise<void> => {
    for (const id of next) {
      const entry = await checkJob(site, id, findings, suspects, folders)
      if (entry !== undefined) states.set(id, entry)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await addReplacements(site, suspects)
  findings.push(...(await compareIndex(site, journals, states, folders)))
  findings.push(...(await confirmSuspects(site, suspects)))
  findings.push(...checkLines(site, journals))
  return findings.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0))
}

/** The names in a folder that can be workflows or jobs; everything else is reported. */
async function checkFolders(site: Site, folder: string, findings: Finding[], suspects?: Finding[]): Promise<string[]> {
  const names: string[] = []
  for (const { name, isDirectory } of (await unlessGone(site.disk.list(folder))) ?? []) {
    const path = `${folder}/${name}`
    if (isScaffold(name)) {
      if (leftoverKind(name) === 'aside')
        suspects?.push({ kind: 'leftover-aside', path, message: 'a job that was being made when its spawner died' })
      else findings.push({ kind: 'foreign', path, isRemark: true, message: 'is not of bjob' })
    } else if (!isDirectory)
      findings.push({ kind: 'foreign', path, isRemark: true, message: await describeForeign(site, path) })
    else if (problemOf(name) !== undefined)
      findings.push({
        kind: 'foreign',
        path,
        isRemark: true,
        message: `is no name that bjob gives: ${problemOf(name)}`,
      })
    else names.push(name)
  }
  return names.sort()
}

async function describeForeign(site: Site, path: string): Promise<string> {
  const isLink = (await site.disk.stat(path))?.isSymbolicLink() === true
  return isLink ? 'is a link, and bjob follows none here' : 'is a file where only folders are expected'
}

/** @returns what the folder says of the job, when it can be read */
async function checkJob(
  site: Site,
  id: JobId,
  findings: Finding[],
  suspects: Finding[],
  folders: Set<JobId>,
): Promise<IndexEntry | undefined> {
  const paths = site.layout.job(id)
  const names = ((await unlessGone(site.disk.list(paths.dir))) ?? []).map(({ name }) => name)
  if (!names.includes('job.yaml') && !names.includes('state.yaml')) {
    findings.push({
      kind: 'foreign',
      path: paths.dir,
      id,
      isRemark: true,
      message: 'has neither job.yaml nor state.yaml: no job',
    })
    return undefined
  }
  folders.add(id)
  let state: JobState | undefined
  try {
    state = await readJobState(site, id)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    findings.push(await lostState(site, id, error))
  }
  for (const name of names) addLeftover(paths.dir, name, id, state, suspects)
  if (state?.removed !== undefined) {
    const message = `${state.removed} was removing it, and was cut off`
    suspects.push({ kind: 'half-removed', path: paths.dir, id, message })
    return undefined
  }
  try {
    const specification = await readSpecification(site, id, state)
    return state === undefined ? undefined : entryOf(id, state, specification)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const text = await unlessGone(site.disk.readText(paths.job))
    const isLost = text === undefined || text.trim() === ''
    const line = error.detail.line === undefined ? '' : `line ${error.detail.line}: `
    findings.push({
      kind: isLost ? 'lost-specification' : 'broken-specification',
      path: paths.job,
      id,
      message: isLost ? 'is missing or empty' : `${line}${error.message}`,
    })
    return undefined
  }
}

async function lostState(site: Site, id: JobId, error: BjobError): Promise<Finding> {
  const { state } = site.layout.job(id)
  const text = (await unlessGone(site.disk.readText(state))) ?? ''
  const revision = /^revision: (\d+)\n/m.exec(text)?.[1]
  return {
    kind: 'lost-state',
    path: state,
    id,
    message: error.message,
    ...(revision === undefined ? {} : { revision: Number(revision) }),
  }
}

function addLeftover(dir: string, name: string, id: JobId, state: JobState | undefined, suspects: Finding[]): void {
  const kind = leftoverKind(name)
  const path = `${dir}/${name}`
  if (state?.amended !== undefined && path === specificationDraftPath(dir, state.amended)) {
    suspects.push({ kind: 'unplaced-specification', path, id, message: 'the job.yaml of a change that was cut off' })
    return
  }
  if (kind === 'draft') suspects.push({ kind: 'leftover-draft', path, id, message: 'a change that was never made' })
  if (kind === 'lock') suspects.push({ kind: 'leftover-lock', path, id, message: 'a lock whose holder died' })
  if (kind !== 'revision' || state === undefined) return
  // One above state.yaml's keeps its meaning: that revision must not be made by anybody else.
  const number = Number(path.slice(revisionPath(dir, 0).length - 1))
  if (number <= state.revision)
    suspects.push({ kind: 'leftover-revision', path, id, message: `revision ${number} is over` })
}

/** Of what may have been in use, that which has not changed while it was watched. */
async function confirmSuspects(site: Site, suspects: readonly Finding[]): Promise<Finding[]> {
  if (suspects.length === 0) return []
  const before = new Map<string, string>()
  for (const { path } of suspects) before.set(path, await identify(site, path))
  await sleep(WATCH_MS)
  const confirmed: Finding[] = []
  for (const suspect of suspects) {
    const now = await identify(site, suspect.path)
    if (now === '' || now !== before.get(suspect.path)) continue
    if (suspect.kind === 'leftover-aside' && isSpawnerAlive(suspect.path)) continue
    confirmed.push(suspect)
  }
  return confirmed
}

async function identify(site: Site, path: string): Promise<string> {
  const stat = await site.disk.stat(path)
  if (stat === undefined) return ''
  const inside = stat.isDirectory() ? ((await unlessGone(site.disk.list(path))) ?? []).map(({ name }) => name) : []
  const sizes = await Promise.all(
    inside.map(async (name) => `${name} ${(await site.disk.stat(`${path}/${name}`))?.size}`),
  )
  return `${stat.ino} ${stat.mtimeMs} ${sizes.join(' ')}`
}

/** A spawner on this node that lives may be copying a large file; of one elsewhere, only standing still tells. */
function isSpawnerAlive(path: string): boolean {
  const [, pid] = new RegExp(`\\.new-${shortHost()}-(\\d+)-`).exec(path) ?? []
  return pid !== undefined && isProcessAlive(Number(pid))
}

/** What the journal and the folders disagree about. What is announced and in doubt is no disagreement. */
async function compareIndex(
  site: Site,
  { index, refresh }: Journals,
  states: ReadonlyMap<JobId, IndexEntry>,
  folders: ReadonlySet<JobId>,
): Promise<Finding[]> {
  await refresh()
  const findings: Finding[] = []
  for (const [id, seen] of states) {
    const known = index.get(id)
    const path = site.layout.job(id).dir
    if (known === undefined || known.born < seen.born) {
      findings.push({ kind: 'not-in-journal', path, id, entry: seen, message: 'the journal does not know it' })
      continue
    }
    if (known.broken !== undefined)
      findings.push({
        kind: 'mended',
        path,
        id,
        entry: seen,
        message: `it was set aside (${known.broken}), and is whole now`,
      })
    if (known.revision === seen.revision || index.isPending(id)) continue
    // It may have changed between the two looks.
    const again = await readJobState(site, id).catch(() => undefined)
    if (again === undefined || again.revision === known.revision) continue
    if (again.revision > known.revision)
      findings.push({
        kind: 'journal-behind',
        path,
        id,
        entry: seen,
        message: `the journal knows revision ${known.revision} of ${again.revision}`,
      })
    else
      findings.push({
        kind: 'state-behind',
        path,
        id,
        entry: known,
        message: `state.yaml is at revision ${again.revision}; the journal knows ${known.revision}`,
      })
  }
  for (const entry of index.entries()) {
    const { workflow } = splitId(entry.id)
    if (folders.has(entry.id) || index.isPending(entry.id)) continue
    await unlessGone(site.disk.refresh(site.layout.workflow(workflow)))
    if ((await site.disk.stat(site.layout.job(entry.id).dir)) !== undefined) continue
    findings.push({
      kind: 'no-folder',
      path: site.layout.job(entry.id).dir,
      id: entry.id,
      entry,
      message: 'the journal knows it, and there is no folder',
    })
  }
  return findings
}

function checkLines(site: Site, { reader }: Journals): Finding[] {
  const count = reader.unreadableLines
  if (count === 0) return []
  return [
    {
      kind: 'unreadable-lines',
      path: site.layout.journal,
      isRemark: true,
      message: `${count} ${count === 1 ? 'line' : 'lines'} cut off by a crash; what they told is in the folders`,
    },
  ]
}

interface Journals {
  readonly index: JobIndex
  readonly reader: JournalReader
  readonly refresh: () => Promise<void>
}

/** What the journals say from their first line on: a snapshot would hide that one of them is gone. */
async function foldJournals(site: Site): Promise<Journals> {
  const index = new JobIndex()
  const reader = new JournalReader(site.disk, site.layout)
  const refresh = async (): Promise<void> => reader.poll((line) => void index.apply(line))
  await refresh()
  return { index, reader, refresh }
}

/** Files that were to take the place of others, outside the jobs' folders. */
async function addReplacements(site: Site, suspects: Finding[]): Promise<void> {
  const { root, apps, journal, launchers, submissions } = site.layout
  const folders = [root, apps, journal]
  for (const above of [launchers, submissions])
    for (const { name } of (await unlessGone(site.disk.list(above))) ?? []) folders.push(`${above}/${name}`)
  for (const folder of folders) {
    for (const { name } of (await unlessGone(site.disk.list(folder))) ?? []) {
      const path = `${folder}/${name}`
      if (leftoverKind(name) === 'draft')
        suspects.push({ kind: 'leftover-draft', path, message: 'a change that was never made' })
    }
  }
}
