/** `bjob clone`: copies jobs. */
import { requestError } from '../../core/text/errors.ts'
import { defined } from '../../lib/defined.ts'
import { ASSIGNMENT_HELP, splitCloneAssignments } from '../arguments/assignment-words.ts'
import type { Command } from '../command/command.ts'
import { Output } from '../command/list-output.ts'
import { CHANGE_OPTIONS, chooseJobs } from '../arguments/chosen-jobs.ts'
import { FILTER_HELP, FILTER_OPTIONS } from '../arguments/filter-options.ts'
import { spawnedListing } from '../show/spawned-listing.ts'
import { suggestRunning } from '../show/suggest-running.ts'

export const cloneCommand: Command = {
  words: '[ID…] [[NAME:]FIELD=VALUE…]',
  about: `Makes new jobs with the fields, input files and data of existing jobs, and prints their ids. If a job and its
parent are both copied, the copy depends on the parent's copy. ${ASSIGNMENT_HELP}
A NAME: prefix restricts the setting to the job with that name.
Requires an id or a filter. ${FILTER_HELP}`,
  options: [
    ...FILTER_OPTIONS,
    { name: 'as', value: 'NAME', summary: 'name of the new job, when one job is copied' },
    { name: 'to', value: 'WORKFLOW', summary: 'workflow of the new jobs (default: that of the originals)' },
    { name: 'if-exists', value: 'error|reuse|rename', summary: 'if a name exists (default error)' },
    ...CHANGE_OPTIONS,
  ],
  examples: [
    ['bjob clone dl-hps/task1 --as task1b wall_time_minutes=30', 'copy a job with a longer wall time'],
    ['bjob clone --workflow dl-hps --to dl-hps2', 'copy a whole workflow'],
    [
      "bjob clone --workflow dl-hps --to dl-hps2 priority=5 'driver:args=--evals 200'",
      'set one field in all copies, another in one',
    ],
  ],
  async run(input, session) {
    const client = await session.open()
    const { terminal } = session
    const output = new Output(input, terminal)
    const { ids, assignments } = splitCloneAssignments(input.words)
    const chosen = await chooseJobs(client, input, ids)
    if (chosen.length === 0) {
      terminal.note('no job matches')
      return 0
    }
    const name = input.text('as')
    if (name !== undefined && chosen.length > 1)
      throw requestError('bad-option', `--as names one job, but ${chosen.length} are selected`, {
        hint: 'use --to WORKFLOW',
      })
    const workflow = input.text('to')
    const ifExists = input.choice('if-exists', ['error', 'reuse', 'rename'])
    const [first] = chosen
    if (name === undefined && workflow === undefined && (ifExists ?? 'error') === 'error')
      throw requestError('name-taken', `job ${first} already exists`, {
        hint: `${chosen.length === 1 ? 'name the copy with --as NAME, or ' : ''}copy into another workflow with --to WORKFLOW`,
      })
    const options = {
      assignments,
      ...defined({ workflow, name }),
    }
    if (input.has('dry-run')) {
      const { planClones } = await import('../../client/spawn/plan-clones.ts')
      for (const { record } of await planClones(client.site, chosen, await client.jobs.entries(), options))
        await output.json(record)
      return 0
    }
    await output.list(await client.clone(chosen, options, ifExists), spawnedListing(client.site))
    if (output.isText) await suggestRunning(client, session)
    return 0
  },
}
