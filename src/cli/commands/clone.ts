/** `bjob clone`: makes jobs like others. */
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
  about: `New jobs with the fields, the input files and the data of others; their ids are printed. Where a job and its parent are both cloned, the clone of
the one is the parent of the clone of the other. ${ASSIGNMENT_HELP} With
NAME: before it, it is set for the job of that name only. Something must be chosen. ${FILTER_HELP}`,
  options: [
    ...FILTER_OPTIONS,
    { name: 'as', value: 'NAME', summary: 'the name of the new job, of one' },
    { name: 'to', value: 'WORKFLOW', summary: 'the workflow of the new jobs (default: as the old ones)' },
    { name: 'if-exists', value: 'error|reuse|rename', summary: 'when a name is taken (default error)' },
    ...CHANGE_OPTIONS,
  ],
  examples: [
    ['bjob clone dl-hps/task1 --as task1b wall_time_minutes=30', 'once more, with more time'],
    ['bjob clone --workflow dl-hps --to dl-hps2', 'a whole workflow under another name'],
    [
      "bjob clone --workflow dl-hps --to dl-hps2 priority=5 'driver:args=--evals 200'",
      'the same, with other fields for all, and for one',
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
      throw requestError('bad-option', `--as names one job, and ${chosen.length} are chosen`, {
        hint: 'say --to WORKFLOW',
      })
    const workflow = input.text('to')
    const ifExists = input.choice('if-exists', ['error', 'reuse', 'rename'])
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
