/** `bjob submit`: submits batch jobs that run launchers. */
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import { doubtReach, starterOf } from '../../client/explain/compute-nodes.ts'
import { checkDemand, measureDemand } from '../../client/allocation/demand.ts'
import { keepAllocations } from '../../client/allocation/auto-allocate.ts'
import type { JobQuery } from '../../client/query/query.ts'
import type { SiteClient } from '../../client/site-client.ts'
import { type AllocationRequest, renderAllocation, submitAllocation } from '../../client/allocation/submit-launchers.ts'
import { once } from '../../lib/once.ts'
import { defined } from '../../lib/defined.ts'
import type { Command, Session } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../arguments/filter-options.ts'
import type { Input } from '../command/option.ts'
import { Output } from '../command/list-output.ts'
import { stopSignal } from '../terminal/stop-signal.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** Passed to the launcher unchanged. */
const LAUNCH_OPTIONS = ['slots', 'job-mode', 'idle-seconds'] as const

/** Interval of --keep; schedulers should not be polled often. */
const EVERY_SECONDS = 30

/** Maximum time that a stalled reader may delay the end. */
const LAST_WORDS_MS = 2000

export const submitCommand: Command = {
  words: '[ID…]',
  about: `Fills in the site's batch script and submits it; in the allocation, \`bjob launch\` runs the jobs. The template of the
script is templates/SCHEDULER.sh in the site and can be edited. \`bjob ls launchers\` lists submissions.
With --keep, the command stays and submits again while jobs are runnable, including jobs that a walltime
interrupted. Run it in tmux, for example; it can be killed and started again. ${FILTER_HELP}`,
  options: [
    { name: 'nodes', alias: 'n', also: ['-N'], value: 'N', summary: 'number of nodes' },
    {
      name: 'time-minutes',
      alias: 't',
      also: ['--time', '--walltime'],
      value: 'TIME',
      summary: 'time limit of the allocation: 30 (minutes), 1:00:00 or 1-12:00',
    },
    { name: 'queue', alias: 'q', also: ['-p', '--partition'], value: 'NAME', summary: 'queue or partition' },
    { name: 'account', alias: 'A', value: 'NAME', summary: 'account or project to charge' },
    { name: 'slots', value: 'N', summary: 'serial jobs to run at once per node (default: one per core)' },
    { name: 'job-mode', value: 'auto|serial|mpi', summary: 'kind of jobs to run (default auto: all)' },
    { name: 'idle-seconds', value: 'S', summary: 'release the nodes after S idle seconds' },
    {
      name: 'keep',
      value: 'N',
      summary: 'keep submitting while jobs are runnable; at most N allocations queued or running',
    },
    { name: 'every', value: 'S', summary: `with --keep: check every S seconds (default ${EVERY_SECONDS})` },
    { name: 'persistent', summary: 'with --keep: keep running when no job is runnable' },
    { name: 'dry-run', summary: 'print the script without submitting it' },
    { name: 'json', summary: 'print JSON' },
    ...FILTER_OPTIONS,
  ],
  examples: [
    ['bjob submit -n 4 -t 60', 'request four nodes for an hour'],
    ['bjob submit -n 4 -t 60 -q debug -A myproject --workflow dl-hps', 'run one workflow only'],
    ['bjob submit -n 4 -t 60 --dry-run', 'print the script first'],
    ['bjob submit -n 4 -t 60 --keep 2', 'use up to two allocations at once until all jobs are done'],
  ],
  async run(input, session) {
    const { terminal, packageRoot } = session
    const request = requestOf(input, packageRoot)
    const count = input.has('keep') ? requireWhole(input, 'keep', 'N') : undefined
    for (const name of ['every', 'persistent'])
      if (input.has(name) && count === undefined) throw requestError('bad-option', `--${name} requires --keep`)
    const client = await session.open()
    const rendered = await renderAllocation(client.site, request)
    const chosen = client.select(filterOf(input))
    if (count === undefined) checkDemand(measureDemand(await chosen.entries(), request, client.site.settings), request)
    const doubt = await doubtReach(client.root, client.site.settings, { starter: request.starter, site: client.site })
    // Printed after the result, which matters more.
    const tellDoubt = once(() => doubt !== undefined && terminal.note(`bjob: ${doubt}`))
    if (input.has('dry-run')) {
      await terminal.write(rendered.script)
      return void tellDoubt()
    }
    if (count !== undefined) return keep(client, chosen, request, count, input, session, tellDoubt)
    const { id, record } = await submitAllocation(client.site, rendered)
    tellDoubt()
    const output = new Output(input, terminal)
    if (output.isJson) return output.json({ id, ...record })
    await terminal.line(`${record.scheduler} job ${record.scheduler_id ?? ''}`)
  },
}

function requestOf(input: Input, packageRoot: string): AllocationRequest {
  const queue = input.text('queue')
  const account = input.text('account')
  return {
    nodes: requireWhole(input, 'nodes', '-n'),
    minutes: requireMinutes(input),
    ...defined({ queue, account }),
    jobMode: input.choice('job-mode', ['auto', 'serial', 'mpi']) ?? 'auto',
    starter: starterOf(packageRoot),
    options: launchWords(input),
    templates: path.join(packageRoot, 'templates'),
  }
}

async function keep(
  client: SiteClient,
  chosen: JobQuery,
  request: AllocationRequest,
  count: number,
  input: Input,
  { terminal }: Session,
  onSubmitted: () => void,
): Promise<number> {
  const output = new Output(input, terminal)
  const stop = stopSignal()
  const options = {
    request,
    count,
    everySeconds: input.duration('every', 'seconds', 0.1) ?? EVERY_SECONDS,
    isPersistent: input.has('persistent'),
    stop,
  }
  const summary = await keepAllocations(
    client.site,
    options,
    async () => ({ chosen: await chosen.entries(), all: await client.jobs.entries() }),
    (event) => {
      if (event.kind === 'submitted') onSubmitted()
      const line = event.kind === 'problem' ? `${terminal.paint('yellow', 'problem: ')}${event.message}` : event.message
      terminal.writeLater(`${output.isJson ? JSON.stringify(event) : line}\n`)
    },
  )
  const { submitted, live, left } = summary
  const many = (number: number): string => countOf(number, 'allocation')
  const last = stop.aborted
    ? `stopped by ${String(stop.reason)}: ${many(submitted)} submitted, ${many(live)} queued or running. Run the same command to continue.`
    : `no runnable jobs left, exiting: ${many(submitted)} submitted.${left === undefined ? '' : ` Not runnable: ${left}.`}`
  terminal.writeLater(`${output.isJson ? JSON.stringify({ kind: 'summary', ...summary }) : last}\n`)
  await terminal.settled(LAST_WORDS_MS)
  return left === undefined || stop.aborted ? 0 : 1
}

/** Rounded up: schedulers know whole minutes. */
function requireMinutes(input: Input): number {
  const minutes = input.duration('time-minutes', 'minutes')
  if (minutes === undefined) throw requestError('bad-option', '--time-minutes (-t) is missing')
  if (minutes <= 0) throw requestError('bad-option', '--time-minutes must be more than 0')
  return Math.ceil(minutes)
}

function requireWhole(input: Input, name: string, flag: string): number {
  const count = input.number(name, 1)
  if (count === undefined) throw requestError('bad-option', `--${name} (${flag}) is missing`)
  if (!Number.isInteger(count)) throw requestError('bad-option', `--${name} must be a whole number, not ${count}`)
  return count
}

/** The launcher's options and filters as a command line. */
function launchWords(input: Input): string[] {
  input.number('slots')
  input.duration('idle-seconds', 'seconds')
  const options = LAUNCH_OPTIONS.flatMap((name) => {
    const value = input.text(name)
    return value === undefined ? [] : [`--${name}=${value}`]
  })
  const filters = FILTER_OPTIONS.flatMap(({ name }) => input.list(name).map((value) => `--${name}=${value}`))
  return [...options, ...filters, ...(input.words.length === 0 ? [] : ['--', ...input.words])]
}
