/** `bjob submit`: asks the batch scheduler for nodes. */
import path from 'node:path'
import { requestError } from '../../core/errors.ts'
import { type AllocationRequest, checkDemand, renderAllocation, submitAllocation } from '../../client/submit.ts'
import type { Command } from '../command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../filter-options.ts'
import type { Input } from '../option.ts'

/** Handed on to the launcher as they are. */
const LAUNCH_OPTIONS = ['slots', 'job-mode', 'idle-seconds'] as const

export const submitCommand: Command = {
  words: '[ID…]',
  about: `Fills in the site's batch script and submits it; in the allocation, \`bjob launch\` runs the jobs. The script's template is
templates/SCHEDULER.sh in the site, yours to edit. \`bjob ls launchers\` shows what was submitted. ${FILTER_HELP}`,
  options: [
    { name: 'nodes', alias: 'n', value: 'N', summary: 'how many nodes' },
    { name: 'time-minutes', alias: 't', value: 'M', summary: 'for how long' },
    { name: 'queue', alias: 'q', value: 'NAME', summary: 'the queue or partition' },
    { name: 'account', alias: 'A', value: 'NAME', summary: 'the account or project that pays' },
    { name: 'slots', value: 'N', summary: 'serial jobs at once on a node (default: one for each core)' },
    { name: 'job-mode', value: 'MODE', summary: 'auto (default), serial or mpi' },
    { name: 'idle-seconds', value: 'S', summary: 'give the nodes back after that long with nothing to do' },
    { name: 'dry-run', summary: 'print the script and do nothing' },
    { name: 'json', summary: 'print JSON' },
    ...FILTER_OPTIONS,
  ],
  examples: [
    ['bjob submit -n 4 -t 60', 'four nodes for an hour'],
    ['bjob submit -n 4 -t 60 -q debug -A myproject --workflow dl-hps', 'for one workflow only'],
    ['bjob submit -n 4 -t 60 --dry-run', 'see the script first'],
  ],
  async run(input, session) {
    const { terminal, packageRoot } = session
    const queue = input.text('queue')
    const account = input.text('account')
    const request: AllocationRequest = {
      nodes: requireWhole(input, 'nodes', '-n'),
      minutes: requireWhole(input, 'time-minutes', '-t'),
      ...(queue === undefined ? {} : { queue }),
      ...(account === undefined ? {} : { account }),
      jobMode: input.choice('job-mode', ['auto', 'serial', 'mpi']) ?? 'auto',
      launch: [process.execPath, path.join(packageRoot, 'bin', 'bjob.js'), 'launch', ...launchWords(input)],
      templates: path.join(packageRoot, 'templates'),
    }
    const client = await session.open()
    const rendered = await renderAllocation(client.site, request)
    checkDemand(await client.select(filterOf(input)).entries(), request)
    if (input.has('dry-run')) return terminal.write(rendered.script)
    const { id, record } = await submitAllocation(client.site, rendered)
    if (input.has('json')) return terminal.json({ id, ...record })
    await terminal.line(`${record.scheduler} job ${record.scheduler_id ?? ''}`)
  },
}

function requireWhole(input: Input, name: string, flag: string): number {
  const count = input.number(name, 1)
  if (count === undefined) throw requestError('bad-option', `--${name} (${flag}) is missing`)
  if (!Number.isInteger(count)) throw requestError('bad-option', `--${name} must be a whole number, and is ${count}`)
  return count
}

/** The options and filters that the launcher is to have, as its command line takes them. */
function launchWords(input: Input): string[] {
  for (const name of LAUNCH_OPTIONS) if (name !== 'job-mode') input.number(name)
  const options = LAUNCH_OPTIONS.flatMap((name) => {
    const value = input.text(name)
    return value === undefined ? [] : [`--${name}=${value}`]
  })
  const filters = FILTER_OPTIONS.flatMap(({ name }) => input.list(name).map((value) => `--${name}=${value}`))
  return [...options, ...filters, ...input.words]
}
