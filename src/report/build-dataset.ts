/** Builds the columns of a report from jobs, histories and launchers. Pure. */
import type { LauncherFacts } from '../client/explain/launcher-facts.ts'
import { type JobEntry, shownState } from '../core/index/job-entry.ts'
import { SHOWN_STATES, isEnded } from '../core/life/states.ts'
import { expandHostList } from '../platform/hostlist.ts'
import { type Dataset, type JobColumns, NEVER, type RunColumns } from './dataset.ts'
import { type Moment, RUN_ENDS, type Run, causeOfMoment, findRuns } from './run.ts'
import type { SearchFigures } from './search-figures.ts'

export interface JobHistory {
  readonly entry: JobEntry
  readonly moments: readonly Moment[]
}

export interface ReportSource {
  readonly site: string
  readonly folder: string
  readonly filter: string
  readonly now: number
  readonly jobs: readonly JobHistory[]
  readonly launchers: readonly LauncherFacts[]
  readonly searches: readonly SearchFigures[]
}

/** Assigns numbers to words in order of appearance. */
class Dictionary {
  readonly words: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(word: string): number {
    let number = this.#numbers.get(word)
    if (number === undefined) {
      number = this.words.push(word) - 1
      this.#numbers.set(word, number)
    }
    return number
  }
}

type Mutable<Columns> = {
  -readonly [Key in keyof Columns]: Columns[Key] extends readonly (infer Item)[] ? Item[] : never
}

interface FoundJob extends JobHistory {
  readonly runs: readonly Run[]
}

/** True if the launcher itself wrote the end of the run, rather than another process later. */
function isFirstHand({ how }: Run): boolean {
  return how === 'finished' || how === 'failed' || how === 'timeout'
}

export function buildDataset(source: ReportSource): Dataset {
  return new DatasetBuilder(source).build()
}

class DatasetBuilder {
  readonly #source: ReportSource
  readonly #origin: number
  readonly #workflows = new Dictionary()
  readonly #applications = new Dictionary()
  readonly #causes = new Dictionary()
  readonly #nodes = new Dictionary()
  readonly #placeTexts = new Dictionary()
  readonly #launcherNumbers: ReadonlyMap<string, number>
  readonly #found: readonly FoundJob[]
  readonly #launcherEnds: readonly (number | undefined)[]
  readonly #endOf: ReadonlyMap<string, number>
  readonly #jobs: Mutable<JobColumns> = {
    name: [],
    workflow: [],
    state: [],
    application: [],
    launcher: [],
    attempts: [],
    born: [],
    start: [],
    end: [],
    cause: [],
  }
  readonly #runs: Mutable<RunColumns> = {
    job: [],
    ready: [],
    start: [],
    end: [],
    how: [],
    cause: [],
    launcher: [],
    place: [],
    cores: [],
    gpus: [],
  }

  constructor(source: ReportSource) {
    this.#source = source
    const { jobs, launchers, now } = source
    this.#launcherNumbers = new Map(launchers.map(({ id }, number) => [id, number]))
    this.#found = jobs.map((job) => ({ ...job, runs: findRuns(job.moments) }))
    this.#launcherEnds = this.#findLauncherEnds()
    this.#endOf = new Map(jobs.map(({ entry, moments }) => [entry.id, moments.at(-1)?.time ?? 0]))
    let origin = now
    for (const { moments } of jobs) origin = Math.min(origin, moments[0]?.time ?? now)
    for (const { start } of launchers) if (start > 0) origin = Math.min(origin, start)
    this.#origin = origin
  }

  build(): Dataset {
    const { site, folder, filter, now, launchers, searches } = this.#source
    for (const { nodes } of launchers) for (const node of nodes) this.#nodes.numberOf(node)
    for (const job of this.#found) this.#addJob(job)
    const places = this.#placeTexts.words.map((text) =>
      text === '' ? [] : expandHostList(text).map((node) => this.#nodes.numberOf(node)),
    )
    return {
      site,
      folder,
      made: new Date(now).toISOString(),
      filter,
      origin: this.#origin,
      now: this.#relative(now),
      workflows: this.#workflows.words,
      applications: this.#applications.words,
      causes: this.#causes.words,
      nodes: this.#nodes.words,
      places,
      launchers: launchers.map(({ id, host, start, fate, nodes, cores, gpus }, at) => ({
        id,
        host,
        start: this.#relative(start),
        end: this.#relative(this.#launcherEnds[at]),
        fate,
        nodes,
        cores,
        gpus,
      })),
      jobs: this.#jobs,
      runs: this.#runs,
      searches,
    }
  }

  #addJob({ entry, moments, runs: found }: FoundJob): void {
    const { id, state, attempt, launcher, spec } = entry
    const slash = id.indexOf('/')
    const number = this.#jobs.name.push(id.slice(slash + 1)) - 1
    const runs = this.#clip(found)
    this.#jobs.workflow.push(this.#workflows.numberOf(id.slice(0, slash)))
    this.#jobs.state.push(SHOWN_STATES.indexOf(shownState(entry)))
    this.#jobs.application.push(this.#applications.numberOf(spec?.application ?? ''))
    this.#jobs.launcher.push(this.#launcherNumbers.get(launcher ?? '') ?? -1)
    this.#jobs.attempts.push(attempt)
    this.#jobs.born.push(this.#relative(moments[0]?.time))
    this.#jobs.start.push(this.#relative(runs[0]?.start))
    this.#jobs.end.push(isEnded(state) ? this.#relative(moments.at(-1)?.time) : NEVER)
    this.#jobs.cause.push(this.#causeNumber(entry, runs.at(-1), moments))
    const free = this.#freeAt(spec)
    for (const run of runs) this.#addRun(number, run, free)
  }

  #addRun(job: number, run: Run, free: number): void {
    const { ready, start, end, how, cause, launcher, claim } = run
    this.#runs.job.push(job)
    this.#runs.ready.push(this.#relative(Math.min(start, Math.max(ready, free))))
    this.#runs.start.push(this.#relative(start))
    this.#runs.end.push(this.#relative(end))
    this.#runs.how.push(RUN_ENDS.indexOf(how))
    this.#runs.cause.push(cause === '' ? -1 : this.#causes.numberOf(cause))
    this.#runs.launcher.push(this.#launcherNumbers.get(launcher) ?? -1)
    this.#runs.place.push(this.#placeTexts.numberOf(claim.nodes))
    this.#runs.cores.push(claim.cores)
    this.#runs.gpus.push(claim.gpus)
  }

  /** A run without an end was over when its launcher died, not when that was noticed. */
  #clip(runs: readonly Run[]): Run[] {
    return runs.map((run) => {
      if (isFirstHand(run)) return run
      const died = this.#launcherEnds[this.#launcherNumbers.get(run.launcher) ?? -1]
      if (died === undefined || died >= (run.end ?? Infinity)) return run
      const end = Math.max(run.start, died)
      return run.how === 'running' ? { ...run, end, how: 'lost', cause: 'its launcher was lost' } : { ...run, end }
    })
  }

  /** A launcher's last sign of life: its lease, or a later end written by it. */
  #findLauncherEnds(): (number | undefined)[] {
    const ends = this.#source.launchers.map(({ end }) => end)
    for (const { runs } of this.#found) {
      for (const run of runs) {
        const number = this.#launcherNumbers.get(run.launcher) ?? -1
        const end = ends[number]
        if (end !== undefined && run.end !== undefined && isFirstHand(run)) ends[number] = Math.max(end, run.end)
      }
    }
    return ends
  }

  /** The end of the last parent that this job waited for. */
  #freeAt(spec: JobEntry['spec']): number {
    if (spec?.waitForParents !== true) return 0
    return spec.parents.reduce((latest, id) => Math.max(latest, this.#endOf.get(id) ?? 0), 0)
  }

  #causeNumber(entry: JobEntry, run: Run | undefined, moments: readonly Moment[]): number {
    const state = shownState(entry)
    if (state === 'BROKEN') return this.#causes.numberOf(`set aside: ${entry.broken}`)
    if (state !== 'FAILED' && state !== 'USER_KILLED') return -1
    const last = moments.at(-1)
    const isOfRun = run?.end !== undefined && run.cause !== '' && last !== undefined && run.end >= last.time
    return this.#causes.numberOf(isOfRun ? run.cause : last === undefined ? '' : causeOfMoment(last))
  }

  #relative(time: number | undefined): number {
    return time === undefined || Number.isNaN(time) ? NEVER : Math.max(0, time - this.#origin)
  }
}
