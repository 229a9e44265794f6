/**
 * Commits each change of a job's state exactly once, whoever else tries. The lock only orders
 * writers; this protocol decides:
 *
 * 1. The writer makes its draft `.state-<token>`, then the symlink `.revision-<n> -> <token>` for
 * the next revision n: one exclusive call.
 * 2. It reads state.yaml. If that is at n or beyond, it starts over. Otherwise it announces the
 * change and renames its draft over
 *      state.yaml. That rename is the commit. Then it removes the symlink.
 * 3. A writer that finds `.revision-<n>` claimed while state.yaml stays below n deletes the
 * claimant's draft and claims n + 1. The
 * claimant's rename then fails, however late: of rename and unlink of one name, only one succeeds.
 *
 * A change of job.yaml is part of such a revision: its draft is complete before, state.yaml names
 * its owner (`amended`), and it is renamed over job.yaml right after; the writer of the next
 * revision does that first. Until then the draft is read instead of job.yaml.
 *
 * So state.yaml never goes back, and a writer suspended for an hour between any two calls cannot
 * undo later changes. A reply lost by NFS is distinguished from a lost race by reading again: the
 * symlink or state.yaml has this writer's content.
 *
 * This requires a current state.yaml. Where a node may see an old one for a while (`Disk.staleMs`:
 * on GlusterFS a job ran twice), the symlink of a revision stays for that long: a reader of an old
 * state finds the number claimed and waits.
 */
import type { JobState } from '../../core/life/job-state.ts'
import { formatState, parseState } from '../../core/life/state-document.ts'
import { sleep } from '../../lib/sleep.ts'
import { uniqueToken } from '../../lib/token.ts'
import { type Disk, type NewFile, codeOf, isGone, unlessGone } from '../disk/disk.ts'
import type { Announcement } from '../journal/journal-writer.ts'
import { readOwnFile } from '../disk/own-file.ts'
import { type JobPaths, draftPath, revisionPath, specDraftPath } from '../disk/layout.ts'

/**
 * Writers finish within milliseconds; after this time the draft is deleted and its writer starts
 * over.
 */
const PATIENCE_MS = 300
const LOOK_AGAIN_MS = 10
/** The same, for a possibly outdated state. */
const STALE_LOOK_MS = 200

export interface Commit {
  /** Returns the new state; `undefined` leaves it. Called again if another writer was first. */
  readonly decide: (current: JobState) => JobState | undefined
  /** Announces the change in the journal; the change is made only after it resolves. */
  readonly announce: (next: JobState, current: JobState) => Promise<Announcement>
  /** The new text of job.yaml, if changed. */
  readonly spec?: () => string
  /** The probable revision: saves reading state.yaml first. */
  readonly expected?: number
}

/**
 * Changes the state of the job in `paths`. Call it under the job's lock.
 * @returns the new state, or `undefined` if `decide` left it
 * @throws BjobError `torn-state`, `bad-state`; the file system's errors
 */
export async function commitState(disk: Disk, paths: JobPaths, commit: Commit): Promise<JobState | undefined> {
  let expected = commit.expected
  for (;;) {
    if (expected === undefined) {
      const current = await readState(disk, paths)
      if (commit.decide(current) === undefined) return undefined
      expected = current.revision
    }
    const outcome = await tryRevision(disk, paths, commit, expected)
    if (outcome !== 'again') return outcome
    expected = undefined
  }
}

/** @throws BjobError; ENOENT if there is no such job */
export async function readState(disk: Disk, paths: JobPaths): Promise<JobState> {
  return parseState(await readOwnFile(disk, paths.state), paths.state)
}

async function tryRevision(
  disk: Disk,
  paths: JobPaths,
  commit: Commit,
  expected: number,
): Promise<JobState | undefined | 'again'> {
  const token = uniqueToken()
  const draft = draftPath(paths.dir, token)
  const file = await disk.create(draft)
  let isOpen = true
  let specFile: NewFile | undefined
  try {
    // Before the symlink, like the other draft, so that a later writer finds both.
    if (commit.spec !== undefined) specFile = await disk.create(specDraftPath(paths.dir, token))
    const claimed = await claimRevision(disk, paths, token, expected + 1)
    if (claimed === undefined) return 'again'
    const current = await readState(disk, paths)
    if (current.revision >= claimed.revision) {
      await removeRevisions(disk, paths, claimed)
      return 'again'
    }
    await placeSpec(disk, paths, current)
    const decided = commit.decide(current)
    // The symlink stays: while state.yaml is below it, only a later revision may remove it.
    if (decided === undefined) return undefined
    const spec = commit.spec?.()
    const next: JobState = {
      ...decided,
      revision: claimed.revision,
      ...(spec === undefined ? {} : { amended: token }),
    }
    if (spec !== undefined) {
      const unfinished = specFile
      specFile = undefined
      await unfinished?.finish(spec, false)
    }
    const announcement = await commit.announce(next, current)
    isOpen = false
    const draftOfNext = { file, path: draft, text: formatState(next), revision: next.revision }
    if (!(await publish(disk, draftOfNext, paths, announcement, specDraftPath(paths.dir, token)))) return 'again'
    await placeSpec(disk, paths, next)
    await removeRevisions(disk, paths, claimed)
    return next
  } finally {
    if (isOpen) {
      await file.close()
      await unlessGone(disk.unlink(draft))
      await specFile?.close()
      if (commit.spec !== undefined) await unlessGone(disk.unlink(specDraftPath(paths.dir, token)))
    }
  }
}

/** Renames the last revision's draft of job.yaml into place, if that has not happened yet. */
export async function placeSpec(disk: Disk, paths: JobPaths, { amended }: JobState): Promise<void> {
  if (amended === undefined) return
  try {
    await unlessGone(disk.rename(specDraftPath(paths.dir, amended), paths.job))
  } catch (error) {
    // The job made a folder of job.yaml: readers set the job aside.
    if (!['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error
  }
}

interface ClaimedRevision {
  readonly revision: number
  /** Abandoned revisions: their drafts are deleted, so they will never be made. */
  readonly passed: readonly number[]
}

/**
 * Claims the first free revision from `wanted` on; `undefined` if another writer committed one
 * meanwhile.
 */
async function claimRevision(
  disk: Disk,
  paths: JobPaths,
  token: string,
  wanted: number,
): Promise<ClaimedRevision | undefined> {
  const passed: number[] = []
  for (let revision = wanted; ; revision++) {
    if (await linkRevision(disk, paths, revision, token)) return { revision, passed }
    const fenced = await fenceOwner(disk, paths, revision)
    if (fenced === 'made') return undefined
    if (fenced === 'given-up') passed.push(revision)
  }
}

/** @returns true if this writer claimed the revision */
async function linkRevision(disk: Disk, paths: JobPaths, revision: number, token: string): Promise<boolean> {
  const name = revisionPath(paths.dir, revision)
  for (;;) {
    try {
      await disk.symlink(token, name)
      return true
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    // GlusterFS has reported EEXIST to both contenders, and NFS repeats calls after lost replies:
    // the content decides.
    const owner = await ownerOf(disk, name)
    if (owner !== undefined) return owner === token
  }
}

/** An entry with a revision's name that is not a claim: jobs write freely into their folders. */
const NOBODY = ''

/** The owner of a claim; undefined if free. */
async function ownerOf(disk: Disk, name: string): Promise<string | undefined> {
  try {
    const owner = await unlessGone(disk.readlink(name))
    return owner?.includes('/') === true ? NOBODY : owner
  } catch (error) {
    if (codeOf(error) === 'EINVAL') return NOBODY
    throw error
  }
}

/**
 * Waits until the owner commits `revision`, and deletes its draft otherwise.
 * @returns `made` if the revision or a later one was committed; otherwise it never will be, and its
 *   claim belongs to a writer that gave up, or
 *   to `nobody`
 */
async function fenceOwner(disk: Disk, paths: JobPaths, revision: number): Promise<'made' | 'given-up' | 'nobody'> {
  const owner = await ownerOf(disk, revisionPath(paths.dir, revision))
  if (owner === undefined) return 'made'
  if (owner === NOBODY) return 'nobody'
  const draft = draftPath(paths.dir, owner)
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && (await disk.stat(draft)) !== undefined; waitedMs += LOOK_AGAIN_MS)
    await sleep(LOOK_AGAIN_MS)
  return (await takeDraftAway(disk, paths, owner, revision)) ? 'made' : 'given-up'
}

/**
 * Makes sure that a draft will not be renamed. @returns true if its revision or a later one was
 * committed
 * @throws BjobError if state.yaml is unreadable
 */
export async function takeDraftAway(disk: Disk, paths: JobPaths, token: string, revision: number): Promise<boolean> {
  await unlessGone(disk.unlink(draftPath(paths.dir, token)))
  await disk.refresh(paths.dir)
  let current = await readState(disk, paths)
  for (let waitedMs = 0; current.revision < revision && waitedMs < disk.staleMs; waitedMs += STALE_LOOK_MS) {
    await sleep(STALE_LOOK_MS)
    current = await readState(disk, paths)
  }
  // For a committed revision, the draft may be the only copy of job.yaml.
  if (current.amended !== token) await unlessGone(disk.unlink(specDraftPath(paths.dir, token)))
  return current.revision >= revision
}

interface Draft {
  readonly file: NewFile
  readonly path: string
  readonly text: string
  readonly revision: number
}

/**
 * Writes the draft, renames it over state.yaml, and settles the announcement once the outcome is
 * certain.
 * @param companion the draft of job.yaml, useless without this one
 * @returns false if the draft was deleted first
 */
async function publish(
  disk: Disk,
  draft: Draft,
  paths: JobPaths,
  announcement: Announcement,
  companion: string,
): Promise<boolean> {
  try {
    await draft.file.finish(draft.text, false)
    await disk.rename(draft.path, paths.state)
    announcement.settle(true)
    return true
  } catch (error) {
    const isMade = await findOut(disk, paths, draft)
    if (isMade !== undefined) announcement.settle(isMade)
    if (isMade === true) return true
    if (isMade === false) await unlessGone(disk.unlink(companion))
    if (!isGone(error)) throw error
    return false
  }
}

/**
 * True if a change was committed although its rename failed after a lost reply. @returns undefined
 * if unknown
 */
async function findOut(disk: Disk, paths: JobPaths, { path, text, revision }: Draft): Promise<boolean | undefined> {
  try {
    if ((await unlessGone(disk.unlink(path).then(() => true))) === true) return false
    await disk.refresh(paths.dir)
    const current = await disk.readText(paths.state)
    if (current === text) return true
    return parseState(current, paths.state).revision < revision ? false : undefined
  } catch {
    return undefined
  }
}

/**
 * Not awaited where it must be late; if the process ends first, the next change or fsck removes
 * them.
 */
async function removeRevisions(disk: Disk, paths: JobPaths, claimed: ClaimedRevision): Promise<void> {
  const remove = async (): Promise<void> => {
    for (const revision of [...claimed.passed, claimed.revision])
      await unlessGone(disk.unlink(revisionPath(paths.dir, revision)))
  }
  if (disk.staleMs === 0) return remove()
  setTimeout(() => void remove().catch(() => {}), disk.staleMs).unref()
}
