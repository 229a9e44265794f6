/**
 * Waits until jobs end: reads their state once (for few jobs, only their folders), then the
 * journal's news about unfinished ones.
 */
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { isEnded } from '../../core/life/states.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { unknownJob } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import type { Catalogue } from '../view/catalogue.ts'

export interface WaitOptions {
  /** Wait for one end instead of all. */
  readonly any?: boolean
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
  /** Called once for each end. */
  readonly onEnd?: (entry: JobEntry) => void
}

export interface WaitOutcome {
  readonly ended: readonly JobEntry[]
  /** Jobs that had not ended. */
  readonly open: readonly JobId[]
  /** Jobs removed meanwhile. */
  readonly gone: readonly JobId[]
  readonly isTimeout: boolean
}

/** Longest delay of a timer in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * Pause before another look at an unconfirmed change: most are made within milliseconds, those of a
 * dead writer never.
 */
const SOON_MS = 5
const SLOWEST_MS = 5000

/** @throws BjobError `unknown-job` if one of `ids` does not exist at the start */
export async function waitForJobs(
  site: Site,
  catalogue: Catalogue,
  ids: readonly JobId[],
  options: WaitOptions = {},
): Promise<WaitOutcome> {
  const known = await entriesOf(catalogue, ids)
  for (const id of ids) if (!known.has(id)) throw unknownJob(id)
  return waitFrom(known, site, catalogue, ids, options)
}

/** Like `waitForJobs`; a missing job counts as gone. */
export async function waitForEnds(
  site: Site,
  catalogue: Catalogue,
  ids: readonly JobId[],
  options: WaitOptions = {},
): Promise<WaitOutcome> {
  return waitFrom(await entriesOf(catalogue, ids), site, catalogue, ids, options)
}

/** @param known the existing jobs of `ids` as just read */
async function waitFrom(
  known: ReadonlyMap<JobId, JobEntry>,
  site: Site,
  catalogue: Catalogue,
  ids: readonly JobId[],
  options: WaitOptions,
): Promise<WaitOutcome> {
  const started = monotonicMs()
  const open = new Set(ids)
  const ended: JobEntry[] = []
  const gone: JobId[] = []
  const settle = (id: JobId, entry: JobEntry | undefined): void => {
    if (entry !== undefined && !isEnded(entry.state)) return
    open.delete(id)
    if (entry === undefined) gone.push(id)
    else {
      ended.push(entry)
      options.onEnd?.(entry)
    }
  }
  const isDone = (): boolean => open.size === 0 || (options.any === true && ended.length + gone.length > 0)
  const leftMs = (): number =>
    options.timeoutSeconds === undefined ? Infinity : started + options.timeoutSeconds * 1000 - monotonicMs()
  const isOver = (): boolean => isDone() || leftMs() <= 0 || options.signal?.aborted === true
  const outcome = (): WaitOutcome => ({ ended, open: [...open], gone, isTimeout: !isDone() && leftMs() <= 0 })
  for (const id of open) settle(id, known.get(id))
  if (isOver()) return outcome()

  const { watchJournal } = await import('../../site/follow/journal-watch.ts')
  const watch = await watchJournal(site)
  const follower = await catalogue.follow(open)
  let pauseMs = SOON_MS
  try {
    for (;;) {
      const changed = await follower.changedOf(open)
      const now = await entriesOf(catalogue, changed)
      for (const id of changed) settle(id, now.get(id))
      if (isOver()) return outcome()
      // A change is made shortly after its announcement, without a notification.
      pauseMs = follower.isUnsure ? Math.min(pauseMs * 2, SLOWEST_MS) : SOON_MS
      await watch.next(signalOf(follower.isUnsure ? Math.min(leftMs(), pauseMs) : leftMs(), options.signal))
    }
  } finally {
    follower.stop()
    await watch[Symbol.asyncDispose]()
  }
}

async function entriesOf(catalogue: Catalogue, ids: readonly JobId[]): Promise<Map<JobId, JobEntry>> {
  return new Map((await catalogue.entries(new Set(ids))).map((entry) => [entry.id, entry]))
}

function signalOf(leftMs: number, signal: AbortSignal | undefined): AbortSignal | undefined {
  if (leftMs === Infinity) return signal
  const timeout = AbortSignal.timeout(Math.min(Math.ceil(leftMs), LONGEST_MS))
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}
