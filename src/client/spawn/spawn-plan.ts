/**
 * From records to jobs that can be made: everything about all of them is checked before the first is, so that a mistake in line 5,000
 * leaves nothing behind, and all mistakes are told at once.
 */
import { BjobError, type ErrorDetail, requestError } from '../../core/text/errors.ts'
import { DEFAULT_WORKFLOW, type JobId, fullId, jobId, nameOf, workflowOf } from '../../core/job/id.ts'
import type { NewInputFile } from '../../core/life/job-inputs.ts'
import { type ParsedSpawn, checkSpawn, problemError } from '../../core/job/check-spec.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import type { State } from '../../core/life/states.ts'
import { defined } from '../../lib/defined.ts'
import { readApplication } from '../../site/applications.ts'
import { readJobState } from '../../site/job/jobs.ts'
import type { NewJob } from '../../site/job/create.ts'
import type { Site } from '../../site/site.ts'
import { checkClash, checkStaging } from './stage-fields.ts'
import { findNewInputs } from './new-input-files.ts'
import type { JobEnvironment } from '../job-environment.ts'
import { checkDefaults, withDefaults } from './spawn-defaults.ts'
import { SpawnProblems } from './spawn-problems.ts'
import { TakenNames } from './taken-names.ts'
import { withWholeWords } from './whole-words.ts'

/** What to do about a name that is taken: refuse, take the job that is there, or make another name by adding -2, -3, … */
export type IfExists = 'error' | 'reuse' | 'rename'

/** A record, and where it stands: for messages. */
export interface SpawnRecord {
  readonly record: unknown
  readonly locate?: (field: readonly PropertyKey[]) => ErrorDetail
  /** What it gets in any case; the rest of its input is its parents', and not looked for elsewhere. */
  readonly staged?: readonly NewInputFile[]
  /** What is wrong with it already: it could not be read. */
  readonly problem?: BjobError
}

export interface SpawnContext {
  /** The job that spawns, if one does: what it spawns are its children. */
  readonly current: JobEnvironment | undefined
  /** Where input files are looked for. */
  readonly folder: string
  readonly ifExists: IfExists
}

export interface PlannedJob extends Omit<NewJob, 'state'> {
  /** The id that was asked for, before any number was added. */
  readonly wanted: JobId
  /** The parents that it waits for. */
  readonly unfinished: readonly JobId[]
  /** The name is taken and that is fine. */
  readonly isReused: boolean
}

/**
 * Checks `records` against the site and each other.
 * @throws BjobError of the one mistake, or SpawnProblems
 */
export async function planSpawn(
  site: Site,
  records: readonly SpawnRecord[],
  context: SpawnContext,
): Promise<PlannedJob[]> {
  checkDefaults(site)
  const planner = new Planner(site, context)
  for (const record of records) await planner.add(record)
  planner.throwProblems()
  return planner.jobs
}

/**
 * As `planSpawn`, of records that come one by one; only their ids are held. Run through once without making anything, it has checked all.
 * @throws BjobError of the one mistake, or SpawnProblems, after the last group
 */
export async function* planInGroups(
  site: Site,
  records: AsyncIterable<SpawnRecord>,
  context: SpawnContext,
  size: number,
): AsyncGenerator<PlannedJob[]> {
  checkDefaults(site)
  const planner = new Planner(site, context)
  for await (const record of records) {
    await planner.add(record)
    if (planner.jobs.length >= size) yield planner.jobs.splice(0)
    if (planner.problems.length >= MOST_PROBLEMS) break
  }
  if (planner.jobs.length > 0) yield planner.jobs
  planner.throwProblems()
}

/** Of a million records: nobody reads more. */
const MOST_PROBLEMS = 1000

class Planner {
  readonly jobs: PlannedJob[] = []
  readonly problems: BjobError[] = []
  readonly #site: Site
  readonly #context: SpawnContext
  readonly #applications = new Map<string, BjobError | undefined>()
  readonly #parents = new Map<JobId, State | BjobError>()
  /** Ids of this batch, and what says where each stands. */
  readonly #batch = new Map<JobId, string>()
  readonly #names = new Map<string, TakenNames>()

  constructor(site: Site, context: SpawnContext) {
    this.#site = site
    this.#context = context
  }

  async add({ record, problem, staged, locate = () => ({}) }: SpawnRecord): Promise<void> {
    if (problem !== undefined) {
      this.problems.push(problem)
      return
    }
    const whole = withDefaults(record, this.#site.settings.defaults)
    const checked = checkSpawn(whole)
    if (!checked.ok) {
      for (const problem of checked.problems) this.#report(problemError(problem), locate, problem.path)
      return
    }
    const before = this.problems.length
    const attempt = async <T>(field: string, act: () => Promise<T> | T): Promise<T | undefined> => {
      try {
        return await act()
      } catch (error) {
        this.#report(error, locate, [field])
        return undefined
      }
    }
    const wanted = jobId(checked.value.workflow ?? this.#ownWorkflow(), checked.value.name)
    await attempt('application', () => this.#checkApplication(checked.value.spec.application))
    await attempt('stage_in_url', () => checkStaging(checked.value.spec))
    const parents = await attempt('parents', () => this.#checkParents(checked.value, wanted))
    const named = await attempt('name', () => this.#chooseName(wanted, locate))
    if (parents === undefined || named === undefined || this.problems.length > before) return
    const { folder } = this.#context
    const asked = withParents(checked.value.spec, parents.all)
    const spec = await withWholeWords(this.#site, whole, asked, { folder, parents: parents.all })
    const isWaiting = spec.waitForParents && parents.unfinished.length > 0
    const source = { folder, isEarly: isWaiting, ...defined({ staged }) }
    const inputs = await attempt('input_files', () => (named.isReused ? [] : findNewInputs(this.#site, spec, source)))
    if (inputs === undefined) return
    await attempt('stage_in_url', () => checkClash(spec, inputs))
    if (this.problems.length > before) return
    const unfinished = isWaiting ? parents.unfinished : []
    this.jobs.push({ ...named, wanted, spec, data: checked.value.data, inputs, unfinished })
  }

  /** @throws BjobError of the one mistake, or SpawnProblems */
  throwProblems(): void {
    const [first] = this.problems
    if (first !== undefined) throw this.problems.length === 1 ? first : new SpawnProblems(this.problems)
  }

  #report(error: unknown, locate: (field: readonly PropertyKey[]) => ErrorDetail, field: readonly PropertyKey[]): void {
    if (!(error instanceof BjobError) || error.kind !== 'request') throw error
    this.problems.push(new BjobError(error.kind, error.code, error.message, { ...error.detail, ...locate(field) }))
  }

  #ownWorkflow(): string {
    const { current } = this.#context
    return current === undefined ? DEFAULT_WORKFLOW : workflowOf(current.id)
  }

  async #checkApplication(name: string): Promise<void> {
    if (!this.#applications.has(name)) {
      try {
        await readApplication(this.#site.disk, this.#site.layout, name)
        this.#applications.set(name, undefined)
      } catch (error) {
        if (!(error instanceof BjobError)) throw error
        this.#applications.set(name, error)
      }
    }
    const problem = this.#applications.get(name)
    if (problem !== undefined) throw problem
  }

  /** A child's parents are its spawner's parents, its spawner, and those that it names (Balsam's `dag.spawn_child`). */
  async #checkParents({ spec }: ParsedSpawn, own: JobId): Promise<{ all: JobId[]; unfinished: JobId[] }> {
    const { current } = this.#context
    const all = new Set<JobId>(current === undefined ? [] : [...current.parents, current.id])
    for (const parent of spec.parents) {
      all.add(fullId(parent))
    }
    const unfinished: JobId[] = []
    for (const parent of all) {
      if (parent === own) throw requestError('own-parent', `${own} cannot be its own parent`, { field: 'parents' })
      const isInherited = current !== undefined && (parent === current.id || current.parents.includes(parent))
      const state = this.#batch.has(parent) ? 'CREATED' : await this.#parentState(parent, isInherited)
      if (state === undefined) all.delete(parent)
      else if (state !== 'JOB_FINISHED') unfinished.push(parent)
    }
    return { all: [...all], unfinished }
  }

  async #parentState(id: JobId, isInherited: boolean): Promise<State | undefined> {
    let known = this.#parents.get(id)
    if (known === undefined) {
      try {
        known = (await readJobState(this.#site, id)).state
      } catch (error) {
        if (!(error instanceof BjobError)) throw error
        known = error
      }
      this.#parents.set(id, known)
    }
    if (typeof known === 'string') return known
    // A parent's parent that was removed meanwhile is no mistake of the job that spawns.
    if (isInherited && known.code === 'unknown-job') return undefined
    if (known.code !== 'unknown-job') throw known
    throw requestError('unknown-parent', `there is no job ${id} to be a parent`, { field: 'parents' })
  }

  async #chooseName(
    wanted: JobId,
    locate: (field: readonly PropertyKey[]) => ErrorDetail,
  ): Promise<Pick<PlannedJob, 'id' | 'isReused'>> {
    const { ifExists } = this.#context
    const position = positionText(locate(['name']))
    let id = wanted
    for (let count = 2; ; count++) {
      const twin = this.#batch.get(id)
      if (twin === undefined && !(await this.#isTaken(id))) {
        this.#batch.set(id, position)
        return { id, isReused: false }
      }
      if (twin !== undefined && ifExists !== 'rename') {
        throw requestError('name-taken', `${id} is asked for twice${twin === '' ? '' : `, first at ${twin}`}`, {
          field: 'name',
        })
      }
      if (ifExists === 'error') throw nameTaken(id)
      if (ifExists === 'reuse') {
        this.#batch.set(id, position)
        return { id, isReused: true }
      }
      id = `${wanted}-${count}`
    }
  }

  async #isTaken(id: JobId): Promise<boolean> {
    const workflow = workflowOf(id)
    let names = this.#names.get(workflow)
    if (names === undefined) this.#names.set(workflow, (names = new TakenNames(this.#site, workflow)))
    return names.has(nameOf(id))
  }
}

/** With the same object where nothing is added: for most jobs. */
function withParents(spec: JobSpec, parents: readonly JobId[]): JobSpec {
  return parents.length === spec.parents.length && parents.every((parent, at) => parent === spec.parents[at])
    ? spec
    : spec.with({ parents: [...parents] })
}

export function nameTaken(id: JobId): BjobError {
  return requestError('name-taken', `there is a job ${id} already`, {
    field: 'name',
    hint: 'choose another name, or say --if-exists reuse (take the one that is there) or rename',
  })
}

function positionText(where: ErrorDetail): string {
  return where.line === undefined ? '' : `line ${where.line}`
}
