/** Explains what a job waits for, most important first. */
import { BjobError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import { firstLine, wordsOf } from '../../core/life/event-words.ts'
import { isSuspect } from '../../core/life/deaths.ts'
import { type JobState, isOwned } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { isEnded } from '../../core/life/states.ts'
import { isProcessAlive, processScope } from '../../lib/process/process-table.ts'
import { bootId } from '../../site/journal/journal-host.ts'
import { readJobState, readSpec } from '../../site/job/jobs.ts'
import { type Lease, listLaunchers, readLease } from '../../site/launcher/launchers.ts'
import { entryOf } from '../../core/index/job-entry.ts'
import { drainSeconds } from '../../site/settings.ts'
import type { Site } from '../../site/site.ts'
import { breakageText, findApplicationFault, findBreakage } from '../../site/job/breakage.ts'
import { doubtRanks } from '../explain/compute-nodes.ts'
import { explainAbsence, explainMisfit } from './launcher-fit.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** @returns at least one line. @throws BjobError `unknown-job` */
export async function explainJob(site: Site, id: JobId): Promise<string[]> {
  const breakage = await findBreakage(site, id)
  if (breakage?.code === 'unknown-job') throw breakage
  if (breakage !== undefined)
    return [
      `set aside: ${breakageText(breakage)}`,
      breakage.kind === 'site' ? breakage.hint : 'correct the file: launchers then accept the job again',
    ]
  const state = await readJobState(site, id)
  const last = state.history.at(-1)
  if (state.removed !== undefined)
    return [`its removal by ${state.removed} was interrupted: finish it with \`bjob rm ${id}\``]
  if (isEnded(state.state)) {
    const [said = '', ...rest] = last === undefined ? [] : wordsOf(last).split('\n')
    const line = `it has ended: ${state.state} since ${last?.time ?? '?'}${said === '' ? '' : ` (${said})`}`
    if (state.state !== 'FAILED') return [line]
    if (rest.length > 0) return [line, `\`bjob history ${id}\` shows the end of its output`]
    return [line, ...(state.attempt === 0 ? await explainRoot(site, id) : [`\`bjob log ${id}\` prints its output`])]
  }
  if (isOwned(state)) return explainOwned(site, state)
  const spec = await readSpec(site, id, state)
  return [
    ...(await explainWaiting(site, id, state, spec)),
    ...(await explainRanks(site, spec)),
    ...explainDeaths(state, spec),
  ]
}

async function explainApplication(site: Site, { application }: JobSpec): Promise<string | undefined> {
  const fault = await findApplicationFault(site, application)
  return fault && `its application cannot be used: ${breakageText(fault)} (${fault.hint})`
}

/** Predicts problems at the start. */
async function explainRanks({ settings }: Site, { numNodes, ranksPerNode, mpiFlags }: JobSpec): Promise<string[]> {
  const doubt = numNodes * ranksPerNode === 1 ? undefined : await doubtRanks(settings, mpiFlags)
  return doubt === undefined ? [] : [`its ranks may not find each other: ${doubt}`]
}

async function explainOwned(site: Site, state: JobState): Promise<string[]> {
  const launcher = state.launcher ?? ''
  const lines = [
    `it is ${state.state}: attempt ${state.attempt} on launcher ${launcher} since ${state.history.at(-1)?.time ?? '?'}`,
  ]
  if (state.kill !== undefined) lines.push(`kill requested by ${state.kill}; its launcher has not done so yet`)
  const lease = await leaseOf(site, launcher)
  const fate = lease === undefined ? 'has no lease' : fateOf(lease)
  if (fate !== undefined)
    lines.push(
      `that launcher ${fate}: the next launcher takes the job over within ${site.settings.lease_seconds} s of its start`,
    )
  return lines
}

async function explainWaiting(site: Site, id: JobId, state: JobState, spec: JobSpec): Promise<string[]> {
  const lines: string[] = []
  if ((await site.disk.stat(site.layout.job(id).lock))?.isDirectory() === true)
    lines.push(
      'a process is changing it, or died while doing so: its folder has a .lock, which the next writer breaks after 3 s',
    )
  if (spec.waitForParents) lines.push(...(await explainParents(site, spec.parents)))
  const fault = await explainApplication(site, spec)
  if (fault !== undefined) lines.push(fault)
  if (state.notBefore !== undefined && Date.parse(state.notBefore) > Date.now())
    lines.push(`it failed, and its retry starts no earlier than ${state.notBefore} (retry_delay_seconds)`)
  const leases = await listLivingLeases(site)
  const entry = entryOf(id, state, spec)
  if (leases.length === 0)
    return [...lines, `no launcher is running: ${howToStart(site, spec)}`, ...(await explainAbsence(site, entry))]
  const fitting: string[] = []
  for (const lease of leases) {
    const misfit = await explainMisfit(site, lease, entry)
    if (misfit === undefined) fitting.push(lease.launcher)
    else lines.push(`launcher ${lease.launcher} cannot run it: ${misfit}`)
  }
  if (fitting.length === 0)
    lines.push("no other launcher is running: start one that fits, or change the job's needs with `bjob set`")
  else if (lines.length === leases.length - fitting.length) {
    lines.push(`it is ready (${state.state}) and waits for free resources on ${fitting.join(', ')}`)
    lines.push(`it needs ${needs(spec)}; see \`bjob ls launchers\` and \`bjob log ${fitting[0]}\``)
  }
  return lines
}

/** Consequences of deaths during its runs. */
function explainDeaths({ deaths = [] }: JobState, { crashLimit }: JobSpec): string[] {
  if (deaths.length === 0) return []
  const times = deaths.length === 1 ? 'once' : `${deaths.length} times`
  const limit = crashLimit === 0 ? 'crash_limit is 0, so it never fails for that' : `crash_limit is ${crashLimit}`
  const alone = isSuspect(deaths, crashLimit) ? '; until it ends it runs alone on its nodes' : ''
  return [`its ${deaths.at(-1)} died during a run, ${times} so far: ${limit}${alone}`]
}

async function explainParents(site: Site, parents: readonly JobId[]): Promise<string[]> {
  const lines: string[] = []
  for (const parent of parents) {
    try {
      const { state } = await readJobState(site, parent)
      if (state === 'JOB_FINISHED') continue
      lines.push(
        isEnded(state)
          ? `its parent ${parent} is ${state}: it will never start`
          : `it waits for its parent ${parent}, which is ${state}`,
      )
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      lines.push(
        error.code === 'unknown-job'
          ? `its parent ${parent} is gone: it will never start`
          : `its parent ${parent} is broken: ${breakageText(error)}`,
      )
    }
  }
  return lines
}

/** The first failure in a chain of failed parents. */
async function explainRoot(site: Site, id: JobId): Promise<string[]> {
  const seen = new Set([id])
  let root: { readonly id: JobId; readonly state: JobState } | undefined
  for (let open: readonly JobId[] = await parentsOf(site, id); open.length > 0;) {
    let next: readonly JobId[] = []
    for (const parent of open) {
      if (seen.has(parent)) continue
      seen.add(parent)
      const state = await readJobState(site, parent).catch(() => undefined)
      if (state?.state !== 'FAILED' && state?.state !== 'USER_KILLED') continue
      root = { id: parent, state }
      next = await parentsOf(site, parent)
      break
    }
    open = next
  }
  const last = root?.state.history.at(-1)
  if (root === undefined || last === undefined) return []
  return [`the cause is ${root.id}, ${root.state.state}: ${firstLine(last)}`]
}

async function parentsOf(site: Site, id: JobId): Promise<readonly JobId[]> {
  try {
    return (await readSpec(site, id)).parents
  } catch (error) {
    if (error instanceof BjobError) return []
    throw error
  }
}

function howToStart({ settings }: Site, { numNodes, wallTimeMinutes }: JobSpec): string {
  if (numNodes === 1) return 'start one with `bjob launch`'
  const minutes = Math.ceil(wallTimeMinutes + drainSeconds(settings) / 60)
  return `the job needs an allocation of ${numNodes} nodes: \`bjob submit -n ${numNodes} -t ${minutes}\``
}

function needs({ numNodes, ranksPerNode, threadsPerRank, wallTimeMinutes }: JobSpec): string {
  const cores = ranksPerNode * threadsPerRank
  return `${numNodes === 1 ? '' : `${numNodes} nodes, `}${countOf(cores, 'core')}${numNodes === 1 ? '' : ' each'} and ${wallTimeMinutes} min`
}

async function leaseOf(site: Site, launcher: string): Promise<Lease | undefined> {
  try {
    return await readLease(site, launcher)
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

/**
 * The fate of a launcher as far as known; `undefined` if it may be alive. For another node, only
 * the next beat would tell.
 */
export function fateOf({ ended, kernel, pid }: Lease): string | undefined {
  if (ended !== undefined) return `has ended (${ended})`
  const isHere = kernel === `${bootId()} ${processScope()}`
  return isHere && !isProcessAlive(pid) ? 'is dead: its process is gone' : undefined
}

export async function listLivingLeases(site: Site): Promise<Lease[]> {
  const living: Lease[] = []
  for (const launcher of await listLaunchers(site)) {
    const lease = await leaseOf(site, launcher)
    if (lease !== undefined && fateOf(lease) === undefined) living.push(lease)
  }
  return living
}
