/**
 * Changes a job's state exactly once each, whoever else tries: the heart of promise 4 of the design. The lock only orders writers. What decides:
 *
 *   1. The writer makes its draft `.state-<token>`, then the symlink `.revision-<n> -> <token>` for the next revision n: one exclusive call.
 *   2. It reads state.yaml. If that is at n or beyond, this revision is over: start over. Otherwise it announces the change and
 *      renames its draft over state.yaml. That rename is the change. Then it removes the symlink.
 *   3. Whoever finds `.revision-<n>` taken while state.yaml stays below n takes the draft of its owner away and goes on with n + 1.
 *      The owner's rename then fails, however late it comes: of rename and unlink of one name, one succeeds.
 *
 * A change of job.yaml is part of such a revision: its draft is complete before that, state.yaml then says whose draft it is (`amended`), and it is
 * renamed over job.yaml right after; whoever makes the next revision does that first. Until then it is to be read instead of job.yaml.
 *
 * So state.yaml never goes back, and a writer that was suspended for an hour between any two calls cannot undo what came after. A reply that
 * NFS lost is told from a lost race by reading again: the symlink's content, or state.yaml's, is this writer's own.
 *
 * All this needs a state.yaml that is read as it is. Where a node may be shown an old one for a while (`Disk.staleMs`: GlusterFS did, and a job ran
 * twice), the symlink of a revision stays for that while: whoever has read an old state finds the number taken, and waits for the new one.
 */
import type { JobState } from '../../core/life/job-state.ts'
import { formatState, parseState } from '../../core/life/state-document.ts'
import { sleep } from '../../lib/sleep.ts'
import { uniqueToken } from '../../lib/token.ts'
import { type Disk, type NewFile, codeOf, isGone, unlessGone } from '../disk/disk.ts'
import type { Announcement } from '../journal/journal-writer.ts'
import { readOwnFile } from '../disk/own-file.ts'
import { type JobPaths, draftPath, revisionPath, specificationDraftPath } from '../disk/layout.ts'

/** A living writer is done within milliseconds; after this long its draft is taken away and it has to start over. */
const PATIENCE_MS = 300
const LOOK_AGAIN_MS = 10
/** The same, for a state that may be an old one. */
const STALE_LOOK_MS = 200

export interface Commit {
  /** The state to make of the current one; `undefined` = leave it. Called again when another writer came first. */
  readonly decide: (current: JobState) => JobState | undefined
  /** Puts the change into the journal; the change is made only after it resolves. */
  readonly announce: (next: JobState, current: JobState) => Promise<Announcement>
  /** The text of job.yaml, where this change has a new one. */
  readonly specification?: () => string
  /** The revision that state.yaml has in all likelihood: saves reading it first. */
  readonly expected?: number
}

/**
 * Changes the state of the job in `paths`. Call it under the job's lock.
 * @returns the new state, or `undefined` when `decide` left the job as it is
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

/** @throws BjobError; ENOENT when there is no such job */
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
  let specificationFile: NewFile | undefined
  try {
    // Before the symlink, as the other draft: whoever passes this writer over has to find both.
    if (commit.specification !== undefined)
      specificationFile = await disk.create(specificationDraftPath(paths.dir, token))
    const claimed = await claimRevision(disk, paths, token, expected + 1)
    if (claimed === undefined) return 'again'
    const current = await readState(disk, paths)
    if (current.revision >= claimed.revision) {
      await removeRevisions(disk, paths, claimed)
      return 'again'
    }
    await placeSpecification(disk, paths, current)
    const decided = commit.decide(current)
    // The symlink stays: with state.yaml below it, only a later revision may remove it.
    if (decided === undefined) return undefined
    const specification = commit.specification?.()
    const next: JobState = {
      ...decided,
      revision: claimed.revision,
      ...(specification === undefined ? {} : { amended: token }),
    }
    if (specification !== undefined) {
      const unfinished = specificationFile
      specificationFile = undefined
      await unfinished?.finish(specification, false)
    }
    const announcement = await commit.announce(next, current)
    isOpen = false
    const draftOfNext = { file, path: draft, text: formatState(next), revision: next.revision }
    if (!(await publish(disk, draftOfNext, paths, announcement, specificationDraftPath(paths.dir, token))))
      return 'again'
    await placeSpecification(disk, paths, next)
    await removeRevisions(disk, paths, claimed)
    return next
  } finally {
    if (isOpen) {
      await file.close()
      await unlessGone(disk.unlink(draft))
      await specificationFile?.close()
      if (commit.specification !== undefined) await unlessGone(disk.unlink(specificationDraftPath(paths.dir, token)))
    }
  }
}

/** Puts the job.yaml that came with the job's last revision in its place, if nobody has yet. */
export async function placeSpecification(disk: Disk, paths: JobPaths, { amended }: JobState): Promise<void> {
  if (amended === undefined) return
  try {
    await unlessGone(disk.rename(specificationDraftPath(paths.dir, amended), paths.job))
  } catch (error) {
    // The job has made a folder of its job.yaml: whoever reads that sets the job aside.
    if (!['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error
  }
}

interface ClaimedRevision {
  readonly revision: number
  /** Revisions passed over: their owners' drafts are gone, and so they will never be made. */
  readonly passed: readonly number[]
}

/** Claims the first free revision from `wanted` on; `undefined` when another writer made one meanwhile. */
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

/** @returns whether the revision is this writer's */
async function linkRevision(disk: Disk, paths: JobPaths, revision: number, token: string): Promise<boolean> {
  const name = revisionPath(paths.dir, revision)
  for (;;) {
    try {
      await disk.symlink(token, name)
      return true
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    // GlusterFS has told both of two contenders that the name exists, and NFS repeats a call whose answer was lost: what stands there decides.
    const owner = await ownerOf(disk, name)
    if (owner !== undefined) return owner === token
  }
}

/** What stands under a revision's name and is no writer's claim: a job writes what it likes into its folder. */
const NOBODY = ''

/** Whose claim a revision is; undefined when it is free. */
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
 * Waits for the owner of `revision` to make it, and takes its draft away when it does not.
 * @returns `made` when the revision, or a later one, has been; otherwise it never will be, and its claim is somebody's who gave up, or `nobody`'s
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
 * Makes sure that a draft will not be renamed any more. @returns whether its revision, or a later one, had been made
 * @throws BjobError when state.yaml cannot be read
 */
export async function takeDraftAway(disk: Disk, paths: JobPaths, token: string, revision: number): Promise<boolean> {
  await unlessGone(disk.unlink(draftPath(paths.dir, token)))
  await disk.refresh(paths.dir)
  let current = await readState(disk, paths)
  for (let waitedMs = 0; current.revision < revision && waitedMs < disk.staleMs; waitedMs += STALE_LOOK_MS) {
    await sleep(STALE_LOOK_MS)
    current = await readState(disk, paths)
  }
  // Of a revision that was made the draft of job.yaml may be all there is of it.
  if (current.amended !== token) await unlessGone(disk.unlink(specificationDraftPath(paths.dir, token)))
  return current.revision >= revision
}

interface Draft {
  readonly file: NewFile
  readonly path: string
  readonly text: string
  readonly revision: number
}

/**
 * Writes the draft, renames it over state.yaml, and settles the announcement as soon as it is certain how that went.
 * @param companion the draft of job.yaml, of no use without this one
 * @returns false when the draft was taken away first
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

/** Whether a change was made although its rename failed: an answer can be lost. @returns undefined when that cannot be told */
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

/** Nobody waits for that where it has to be late; a process that ends before leaves them to the job's next change, or to fsck. */
async function removeRevisions(disk: Disk, paths: JobPaths, claimed: ClaimedRevision): Promise<void> {
  const remove = async (): Promise<void> => {
    for (const revision of [...claimed.passed, claimed.revision])
      await unlessGone(disk.unlink(revisionPath(paths.dir, revision)))
  }
  if (disk.staleMs === 0) return remove()
  setTimeout(() => void remove().catch(() => {}), disk.staleMs).unref()
}
