/**
 * Checks records before any job is made, so that an error in line 5,000 changes nothing, and all
 * errors are reported together.
 */
import { BjobError, type ErrorDetail } from '../../core/text/errors.ts'
import { DEFAULT_WORKFLOW, type JobId, jobId, workflowOf } from '../../core/job/id.ts'
import type { NewInputFile } from '../../core/life/job-inputs.ts'
import { type ParsedSpawn, checkSpawn, problemError } from '../../core/job/check-spec.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { defined } from '../../lib/defined.ts'
import { readApplication } from '../../site/applications.ts'
import type { NewJob } from '../../site/job/create.ts'
import { checkDefaults } from '../../site/settings.ts'
import type { Site } from '../../site/site.ts'
import { checkClash, checkStaging } from './stage-fields.ts'
import { findNewInputs } from './new-input-files.ts'
import type { JobEnvironment } from '../job-environment.ts'
import { withDefaults } from './spawn-defaults.ts'
import { SpawnProblems } from './spawn-problems.ts'
import { type ChosenId, type IfExists, NameChoice } from './name-choice.ts'
import { ParentCheck } from './parent-check.ts'
import { withWholeWords } from './whole-words.ts'

/** Where a field of a record stands, for messages. */
type Locate = (field: readonly PropertyKey[]) => ErrorDetail

export interface SpawnRecord {
  readonly record: unknown
  readonly locate?: Locate
  /** True if all fields are decided: the site's defaults do not apply. */
  readonly isComplete?: true
  /** Files provided in any case; the rest of its input comes from parents. */
  readonly staged?: readonly NewInputFile[]
  /** An earlier error: the record could not be read. */
  readonly problem?: BjobError
}

export interface SpawnContext {
  /** The spawning job, if any, whose children the new jobs become. */
  readonly current: JobEnvironment | undefined
  /** Folder of input files. */
  readonly folder: string
  readonly ifExists: IfExists
}

export interface PlannedJob extends Omit<NewJob, 'state'>, ChosenId {
  /** The id that was asked for, before any number was added. */
  readonly wanted: JobId
  /** The parents that it waits for. */
  readonly unfinished: readonly JobId[]
}

/**
 * Checks `records` against the site and each other.
 * @throws BjobError for a single error, or SpawnProblems
 */
export async function planSpawn(
  site: Site,
  records: readonly SpawnRecord[],
  context: SpawnContext,
): Promise<PlannedJob[]> {
  checkDefaults(site.settings, site.layout.settings)
  const planner = new Planner(site, context)
  for (const record of records) await planner.add(record)
  planner.throwProblems()
  return planner.jobs
}

/**
 * Like `planSpawn`, for a stream of records; only ids are kept. Iterated without making jobs, it
 * checks all.
 * @throws BjobError for a single error, or SpawnProblems, after the last group
 */
export async function* planInGroups(
  site: Site,
  records: AsyncIterable<SpawnRecord>,
  context: SpawnContext,
  size: number,
): AsyncGenerator<PlannedJob[]> {
  checkDefaults(site.settings, site.layout.settings)
  const planner = new Planner(site, context)
  for await (const record of records) {
    await planner.add(record)
    if (planner.jobs.length >= size) yield planner.jobs.splice(0)
    if (planner.problems.length >= MOST_PROBLEMS) break
  }
  if (planner.jobs.length > 0) yield planner.jobs
  planner.throwProblems()
}

/** Maximum number of reported errors. */
const MOST_PROBLEMS = 1000

class Planner {
  readonly jobs: PlannedJob[] = []
  readonly problems: BjobError[] = []
  readonly #site: Site
  readonly #context: SpawnContext
  readonly #applications = new Map<string, BjobError | undefined>()
  readonly #names: NameChoice
  readonly #parents: ParentCheck

  constructor(site: Site, context: SpawnContext) {
    this.#site = site
    this.#context = context
    this.#names = new NameChoice(site, context.ifExists)
    this.#parents = new ParentCheck(site, context.current, (id) => this.#names.has(id))
  }

  async add({ record, problem, isComplete, staged, locate = () => ({}) }: SpawnRecord): Promise<void> {
    if (problem !== undefined) {
      this.problems.push(problem)
      return
    }
    const whole = isComplete === true ? record : withDefaults(record, this.#site.settings.defaults)
    const checked = checkSpawn(whole)
    if (checked.ok) await this.#plan(checked.value, whole, staged, locate)
    else for (const wrong of checked.problems) this.#report(problemError(wrong), locate, wrong.path)
  }

  /** @param whole the record, for how its input files were written */
  async #plan(asked: ParsedSpawn, whole: unknown, staged: SpawnRecord['staged'], locate: Locate): Promise<void> {
    const before = this.problems.length
    const attempt = async <T>(field: string, act: () => Promise<T> | T): Promise<T | undefined> => {
      try {
        return await act()
      } catch (error) {
        this.#report(error, locate, [field])
        return undefined
      }
    }
    const { folder } = this.#context
    const wanted = jobId(asked.workflow ?? this.#ownWorkflow(), asked.name)
    await attempt('application', () => this.#checkApplication(asked.spec.application))
    await attempt('stage_in_url', () => checkStaging(asked.spec))
    const parents = await attempt('parents', () => this.#parents.find(asked.spec.parents, wanted))
    const named = await attempt('name', () => this.#names.choose(wanted, locate(['name'])))
    if (parents === undefined || named === undefined || this.problems.length > before) return
    const family = withParents(asked.spec, parents.all)
    const spec = await withWholeWords(this.#site, whole, family, { folder, parents: parents.all })
    const isWaiting = spec.waitForParents && parents.unfinished.length > 0
    const source = { folder, isEarly: isWaiting, ...defined({ staged }) }
    const inputs = await attempt('input_files', () => (named.isReused ? [] : findNewInputs(this.#site, spec, source)))
    if (inputs === undefined) return
    await attempt('stage_in_url', () => checkClash(spec, inputs))
    if (this.problems.length > before) return
    const unfinished = isWaiting ? parents.unfinished : []
    this.jobs.push({ ...named, wanted, spec, data: asked.data, inputs, unfinished })
  }

  /** @throws BjobError for a single error, or SpawnProblems */
  throwProblems(): void {
    const [first] = this.problems
    if (first !== undefined) throw this.problems.length === 1 ? first : new SpawnProblems(this.problems)
  }

  #report(error: unknown, locate: Locate, field: readonly PropertyKey[]): void {
    if (!(error instanceof BjobError) || error.kind !== 'request') throw error
    // An error that has its line is in another file: one problem for all records that use the file.
    const { path, line } = error.detail
    const isElsewhere = path !== undefined && line !== undefined
    if (isElsewhere && this.problems.some(({ detail }) => detail.path === path && detail.line === line)) return
    const place = isElsewhere ? {} : locate(field)
    this.problems.push(new BjobError(error.kind, error.code, error.message, { ...error.detail, ...place }))
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
}

/** With the same object where nothing is added: for most jobs. */
function withParents(spec: JobSpec, parents: readonly JobId[]): JobSpec {
  return parents.length === spec.parents.length && parents.every((parent, at) => parent === spec.parents[at])
    ? spec
    : spec.with({ parents: [...parents] })
}
