/**
 * The output of many jobs, each line behind its job's id: as it is, or as jobs come, write and go.
 */
import { compareNaturally } from '../../client/view/natural-order.ts'
import { type Filter, compileFilter, exactIds } from '../../core/index/filter.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import type { JobId } from '../../core/job/id.ts'
import { type State, isEnded } from '../../core/life/states.ts'
import { BjobError } from '../../core/text/errors.ts'
import { isForbidden, unlessGone } from '../../site/disk/disk.ts'
import { outputName } from '../../site/disk/layout.ts'
import { FileFollower, LineFollower } from '../../site/follow/file-follower.ts'
import { FileWatch } from '../../site/follow/file-watch.ts'
import { type JournalWatch, watchJournal } from '../../site/follow/journal-watch.ts'
import { checkInside } from '../../site/job/job-files.ts'
import type { Site } from '../../site/site.ts'
import { JobView } from '../../site/view/job-view.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** From its claim to the end of its processes. */
function isGrowing(state: State): boolean {
  return state === 'RUNNING' || state === 'STAGED_IN' || state === 'PREPROCESSED' || state === 'READY'
}

/** The output of an attempt. */
interface Followed {
  readonly id: JobId
  readonly attempt: number
  readonly file: string
  readonly lines: LineFollower
}

export class JobLogs {
  readonly #site: Site
  readonly #view: JobView
  readonly #isMeant: (entry: JobEntry) => boolean
  readonly #terminal: Terminal
  /** The only jobs that can match, if known. */
  readonly #named: ReadonlySet<JobId> | undefined
  /** By job, the attempt whose output is growing. */
  readonly #followed = new Map<JobId, Followed>()
  readonly #byFile = new Map<string, Followed>()
  /** By job, the attempt whose output was printed to its end. */
  readonly #printed = new Map<JobId, number>()

  /** By job, its last problem. */
  readonly #problems = new Map<JobId, string>()
  /** Jobs that have changed and were not looked at yet. */
  readonly #news: JobId[] = []

  private constructor(site: Site, view: JobView, filter: Filter, terminal: Terminal) {
    this.#site = site
    this.#view = view
    this.#isMeant = compileFilter(filter)
    this.#named = exactIds(filter)
    this.#terminal = terminal
  }

  /** @throws BjobError `unknown-state`, `bad-id` */
  static async open(site: Site, filter: Filter, terminal: Terminal): Promise<JobLogs> {
    compileFilter(filter)
    return new JobLogs(site, await JobView.open(site, 'all'), filter, terminal)
  }

  /** Prints what there is. @returns whether there is anything */
  async print(): Promise<boolean> {
    let hasAny = false
    for (const entry of this.#entries()) {
      const followed = this.#open(entry)
      if (await this.#printNews(followed)) hasAny = true
      await this.#printRest(followed)
    }
    return hasAny
  }

  /** Until `signal` fires, or until all jobs that the filter names have ended. */
  async follow(signal: AbortSignal): Promise<void> {
    await using journal = await watchJournal(this.#site)
    await using files = new FileWatch(this.#site)
    for (const entry of this.#entries()) await this.#take(entry.id, files)
    if (this.#isOver) return
    if (this.#followed.size === 0) this.#terminal.note(await this.#describeWait())
    const over = new AbortController()
    const both = AbortSignal.any([signal, over.signal])
    const loops = [this.#followJournal(journal, files, both), this.#followFiles(files, both)]
    await Promise.all(loops.map((loop) => loop.finally(() => over.abort())))
  }

  async #followJournal(journal: JournalWatch, files: FileWatch, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await journal.next(signal)
      this.#news.push(...(await this.#view.refresh()))
      if (this.#news.length > 0) files.wake()
    }
  }

  async #followFiles(files: FileWatch, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const file of await files.next({ signal })) {
        const followed = this.#byFile.get(file)
        if (followed !== undefined) await this.#printNews(followed)
      }
      for (const id of this.#news.splice(0)) await this.#take(id, files)
      if (this.#isOver) return
    }
  }

  get #isOver(): boolean {
    if (this.#named === undefined) return false
    return [...this.#named].every((id) => isEnded(this.#view.index.get(id)?.state ?? 'FAILED'))
  }

  async #describeWait(): Promise<string> {
    const { listLivingLeases } = await import('../../client/explain/explain-wait.ts')
    const hasLauncher = (await listLivingLeases(this.#site)).length > 0
    const reason = hasLauncher ? '' : ', and no launcher is running: start one with `bjob launch`'
    return `bjob: waiting for output: no job that matches is running${reason}`
  }

  #entries(): JobEntry[] {
    const entries = [...this.#view.index.entries()].filter((entry) => this.#hasOutput(entry))
    return entries.sort((one, other) => compareNaturally(one.id, other.id))
  }

  #hasOutput(entry: JobEntry): boolean {
    return entry.attempt > 0 && this.#isMeant(entry)
  }

  /** Acts on a job that has changed. */
  async #take(id: JobId, files: FileWatch): Promise<void> {
    const entry = this.#view.index.get(id)
    const before = this.#followed.get(id)
    const isOver = entry === undefined || !isGrowing(entry.state) || !this.#isMeant(entry)
    if (before !== undefined && (isOver || entry.attempt !== before.attempt)) {
      files.drop(before.file)
      this.#byFile.delete(before.file)
      this.#followed.delete(id)
      this.#printed.set(id, before.attempt)
      await this.#printNews(before)
      await this.#printRest(before)
    }
    if (entry === undefined) return void this.#printed.delete(id)
    if (!this.#hasOutput(entry) || this.#followed.has(id) || this.#printed.get(id) === entry.attempt) return
    if (this.#printed.has(id)) this.#terminal.note(`bjob: attempt ${entry.attempt} of ${id}`)
    const followed = this.#open(entry)
    if (isOver) {
      this.#printed.set(id, entry.attempt)
      await this.#printNews(followed)
      return this.#printRest(followed)
    }
    this.#followed.set(id, followed)
    this.#byFile.set(followed.file, followed)
    files.add(followed.file)
  }

  #open({ id, attempt }: JobEntry): Followed {
    const file = `${this.#site.layout.job(id).dir}/${outputName(attempt)}`
    return { id, attempt, file, lines: new LineFollower(new FileFollower(this.#site, file)) }
  }

  /** @returns whether there was any */
  async #printNews({ id, file, lines }: Followed): Promise<boolean> {
    let hasAny = false
    try {
      await unlessGone(checkInside(this.#site, file))
      for await (const some of lines.read()) {
        hasAny = true
        await this.#terminal.line(some.map((line) => this.#lineOf(id, line)).join('\n'))
      }
    } catch (error) {
      // One job, one problem.
      const problem = problemOf(error)
      if (problem === undefined) throw error
      if (this.#problems.get(id) !== problem) this.#terminal.note(`bjob: ${id}: ${problem}`)
      this.#problems.set(id, problem)
    }
    return hasAny
  }

  async #printRest({ id, lines }: Followed): Promise<void> {
    const rest = lines.end()
    if (rest !== '') await this.#terminal.line(this.#lineOf(id, rest))
  }

  #lineOf(id: JobId, line: string): string {
    return `${this.#terminal.paint('cyan', id)}: ${line}`
  }
}

/** The problem of one job's files; undefined for an error of everything else. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof BjobError) return error.message
  return isForbidden(error) ? 'permission denied' : undefined
}
