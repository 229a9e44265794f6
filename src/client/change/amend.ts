/** Changes fields, parents and data of jobs without an owner. */
import { BjobError, requestError } from '../../core/text/errors.ts'
import { type JobId, fullId } from '../../core/job/id.ts'
import { inputsAtStart } from '../../core/life/job-inputs.ts'
import { type JobState, advance, isOwned } from '../../core/life/job-state.ts'
import { waitsFor } from '../../core/life/history-event.ts'
import { FIELD_NAMES } from '../../core/job/job-values.ts'
import { type JobSpec, isSameSpec } from '../../core/job/job-spec.ts'
import { canonicalField } from '../../core/job/field-names.ts'
import { checkData, checkSpec, problemError } from '../../core/job/check-spec.ts'
import { isEnded } from '../../core/life/states.ts'
import { didYouMean } from '../../lib/text/nearest.ts'
import { readApplication } from '../../site/applications.ts'
import { type Amendment, changeSpec, readJobState, readSpec } from '../../site/job/jobs.ts'
import { writeData } from '../../site/job/job-files.ts'
import type { Site } from '../../site/site.ts'
import { Catalogue } from '../view/catalogue.ts'
import { type Change, type ChangeOptions, changeEach, dagOf } from './change.ts'

/**
 * A new value of a field; `undefined` restores the default. With `key`: of one entry of a map
 * (`tags`, `environ_vars`), or its removal.
 */
export interface FieldAssignment {
  /** In any spelling; or `data`. */
  readonly field: string
  readonly key?: string
  readonly value: unknown
}

/**
 * Changes fields of jobs that have no owner and have not ended; `data` of any job.
 * @throws BjobError `unknown-field`, `unknown-application`, before any change
 */
export async function amendJobs(
  site: Site,
  ids: Iterable<JobId>,
  assignments: readonly FieldAssignment[],
  options: ChangeOptions = {},
): Promise<Change[]> {
  for (const { field } of assignments) checkField(field)
  const wanted = assignments.filter(({ field }) => field !== 'data')
  const last = assignments.findLast(({ field }) => field === 'data')
  const data = last === undefined ? undefined : { value: checkData(last.value) }
  const amended = wanted.map(({ field }) => canonicalField(field))
  const application = wanted.find(({ field }) => canonicalField(field) === 'application')
  if (typeof application?.value === 'string') await readApplication(site.disk, site.layout, application.value)
  const all = [...ids]
  const isDry = options.dryRun === true
  const said = [...new Set([...amended, ...(data === undefined ? [] : ['data'])])].join(', ')
  const done = { kind: isDry ? 'would' : 'done', message: `${said} ${isDry ? 'would be ' : ''}set` } as const
  return changeEach(all, async (id) => {
    if (wanted.length > 0) {
      const change = await amendJob(site, id, (spec) => assign(spec, wanted), isDry)
      if (change !== undefined && (change.kind !== 'left' || data === undefined)) return change
    }
    if (data === undefined) return done
    if (isDry) await readJobState(site, id)
    else await writeData(site, id, data.value)
    return done
  })
}

/**
 * Adds `parent` to the parents of `child`.
 * @throws BjobError `unknown-job`, `own-parent`, `cycle`
 */
export async function addParent(
  site: Site,
  parent: JobId,
  child: JobId,
  options: ChangeOptions = {},
): Promise<Omit<Change, 'id'>> {
  const isDry = options.dryRun === true
  const add = (spec: JobSpec): JobSpec =>
    spec.parents.includes(parent) ? spec : spec.with({ parents: [...spec.parents, parent] })
  const change = await amendJob(site, child, add, isDry)
  if (change !== undefined)
    return change.kind === 'left' ? { kind: 'left', message: `already has the parent ${parent}` } : change
  if (isDry) return { kind: 'would', message: `would get the parent ${parent}` }
  const circle = await findCircle(site, child, [parent])
  // Two edges added at once may form a cycle: the process that detects it removes its own.
  if (circle !== undefined) {
    await changeSpec(site, child, (current, spec) =>
      isChangeable(current)
        ? {
            state: advance(current, []),
            spec: spec.with({ parents: spec.parents.filter((id) => id !== parent) }),
          }
        : undefined,
    )
    throw circleError(circle)
  }
  return { kind: 'done', message: `has the new parent ${parent}` }
}

/** @returns an objection, or that nothing would change; `undefined` if done or possible */
async function amendJob(
  site: Site,
  id: JobId,
  change: (spec: JobSpec) => JobSpec,
  isDry: boolean,
): Promise<Omit<Change, 'id'> | undefined> {
  const state = await readJobState(site, id)
  const before = await readSpec(site, id, state)
  const after = change(before)
  if (!isChangeable(state)) return refusalOf(id, state)
  if (isSameSpec(before, after)) return { kind: 'left', message: 'is already set to this' }
  const isOtherInput =
    after.inputMode !== before.inputMode || after.inputFiles.join('\n') !== before.inputFiles.join('\n')
  if (isOtherInput && inputsAtStart(state, before.with({ inputFiles: ['*'] })) === undefined)
    return { kind: 'refused', message: 'already has its input files: use `bjob clone` to change them' }
  const added = after.parents.filter((parent) => !before.parents.includes(parent))
  const unfinished = await checkParents(site, id, added, after.waitForParents ? after.parents : [])
  if (isDry) return undefined
  let found = state
  let isLeft = false
  const changed = await changeSpec(site, id, (current, spec): Amendment | undefined => {
    found = current
    if (!isChangeable(current)) return undefined
    const amended = change(spec)
    isLeft = isSameSpec(spec, amended)
    if (isLeft) return undefined
    const isToWait = current.state === 'CREATED' && unfinished.length > 0
    const time = new Date().toISOString()
    const step = { time, state: 'AWAITING_PARENTS', event: waitsFor(unfinished) } as const
    return { state: advance(current, isToWait ? [step] : []), spec: amended }
  })
  if (changed !== undefined) return undefined
  return isLeft ? { kind: 'left', message: 'is already set to this' } : refusalOf(id, found)
}

function isChangeable(state: JobState): boolean {
  return state.removed === undefined && !isOwned(state) && !isEnded(state.state)
}

function refusalOf(id: JobId, { state, launcher, removed }: JobState): Omit<Change, 'id'> {
  if (removed !== undefined) return { kind: 'refused', message: 'is being removed: finish with `bjob rm`' }
  if (state === 'JOB_FINISHED')
    return { kind: 'refused', message: 'is JOB_FINISHED: use `bjob clone` to run it with other fields' }
  if (isEnded(state)) return { kind: 'refused', message: `is ${state}: run \`bjob retry ${id}\` first` }
  return { kind: 'refused', message: `is ${state} on ${launcher ?? 'a launcher'}, which uses its fields` }
}

/**
 * @throws BjobError `unknown-parent`, `own-parent`, `cycle`, `bad-parent` @returns the unfinished
 *   jobs of `awaited`
 */
async function checkParents(
  site: Site,
  id: JobId,
  added: readonly JobId[],
  awaited: readonly JobId[],
): Promise<JobId[]> {
  if (added.includes(id)) throw requestError('own-parent', `${id} cannot be its own parent`, { field: 'parents' })
  const circle = added.length === 0 ? undefined : await findCircle(site, id, added)
  if (circle !== undefined) throw circleError(circle)
  const unfinished: JobId[] = []
  for (const parent of new Set([...added, ...awaited])) {
    try {
      const { state } = await readJobState(site, parent)
      if (state === 'JOB_FINISHED') continue
      if (isEnded(state) && added.includes(parent) && awaited.includes(parent))
        throw requestError('bad-parent', `${parent} is ${state}, so its children would fail`, {
          hint: `\`bjob retry ${parent}\` first`,
        })
      unfinished.push(parent)
    } catch (error) {
      if (!(error instanceof BjobError) || error.code !== 'unknown-job') throw error
      if (added.includes(parent))
        throw requestError('unknown-parent', `no such parent: ${parent}`, { field: 'parents' })
    }
  }
  return unfinished.filter((parent) => awaited.includes(parent))
}

/** A chain from one of `parents` up to `child`, which would become a cycle. */
async function findCircle(site: Site, child: JobId, parents: readonly JobId[]): Promise<JobId[] | undefined> {
  const dag = dagOf(await new Catalogue(site).entries())
  for (const parent of parents) {
    const path = dag.pathUp(parent, child)
    if (path !== undefined) return path
  }
  return undefined
}

function circleError(path: readonly JobId[]): BjobError {
  const [first = '', ...others] = path
  const shown = path.length > 6 ? [first, ...others.slice(0, 2), '…', ...others.slice(-2)] : path
  return requestError('cycle', `this would make a cycle: ${[...shown, first].join(' < ')}`, { field: 'parents' })
}

function assign(spec: JobSpec, assignments: readonly FieldAssignment[]): JobSpec {
  const record = new Map<string, unknown>(Object.entries(spec.record))
  for (const assignment of assignments) setField(record, assignment)
  const checked = checkSpec(Object.fromEntries(record))
  if (checked.ok) return checked.value
  const [problem] = checked.problems
  throw problem === undefined ? requestError('bad-field', 'is wrong') : problemError(problem)
}

/** Applies an assignment to a record with the field names of job.yaml. */
export function setField(record: Map<string, unknown>, { field, key, value }: FieldAssignment): void {
  const name = canonicalField(field)
  if (key !== undefined) {
    const before = record.get(name)
    const map = new Map(typeof before === 'object' && before !== null ? Object.entries(before) : [])
    if (value === undefined) map.delete(key)
    else map.set(key, value)
    record.set(name, Object.fromEntries(map))
  } else if (value === undefined) record.delete(name)
  else if (name === 'parents' && Array.isArray(value)) record.set(name, value.map(String).map(fullId))
  else record.set(name, value)
}

/** @throws BjobError `unknown-field` */
export function checkField(field: string): void {
  const known = [...FIELD_NAMES, 'data']
  if (known.includes(canonicalField(field))) return
  throw requestError('unknown-field', `a job has no field ${field}${didYouMean(field, known)}`, {
    field,
    hint: `fields: ${known.join(' ')}`,
  })
}
