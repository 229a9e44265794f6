/** Waits until jobs end: looks at them once, of few into their folders alone, and then at what the journal says of those that have not ended. */
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { isEnded } from '../../core/life/states.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { unknownJob } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import type { Catalogue } from '../view/catalogue.ts'

export interface WaitOptions {
  /** Until one has ended instead of all. */
  readonly any?: boolean
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
  /** Hears of each end once, as it is seen. */
  readonly onEnd?: (entry: JobEntry) => void
}

export interface WaitOutcome {
  readonly ended: readonly JobEntry[]
  /** Those that had not ended when the waiting did. */
  readonly open: readonly JobId[]
  /** Those that were removed meanwhile. */
  readonly gone: readonly JobId[]
  readonly isTimeout: boolean
}

/** A timer takes at most this many milliseconds. */
const LONGEST_MS = 2 ** 31 - 1

/** Between two looks at a change in doubt: most are made within milliseconds, those of a dead writer never. */
const SOON_MS = 5
const SLOWEST_MS = 5000

/** @throws BjobError `unknown-job` when one of `ids` is not there to begin with */
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

/** As `waitForJobs`; a job that is not there to begin with is one of those that are gone. */
export async function waitForEnds(
  site: Site,
  catalogue: Catalogue,
  ids: readonly JobId[],
  options: WaitOptions = {},
): Promise<WaitOutcome> {
  return waitFrom(await entriesOf(catalogue, ids), site, catalogue, ids, options)
}

/** @param known those of `ids` that are there, as they were just now */
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
      // A change is made a moment after it was announced, and nobody tells of that moment.
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
