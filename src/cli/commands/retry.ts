/** `bjob retry`: gives jobs another chance. */
import type { Command } from '../command/command.ts'
import { CHANGE_OPTIONS, chooseJobs, reportChanges } from '../arguments/chosen-jobs.ts'
import { Output } from '../command/list-output.ts'
import { FILTER_HELP, FILTER_OPTIONS } from '../arguments/filter-options.ts'
import { suggestRunning } from '../show/suggest-running.ts'

export const retryCommand: Command = {
  words: '[ID…]',
  about: `Jobs that are FAILED or USER_KILLED become RESTART_READY, and run again in their folder; their earlier output stays. Parents come
before their children: one whose parent has failed needs that one retried, too. Something must be chosen. ${FILTER_HELP}`,
  options: [...FILTER_OPTIONS, ...CHANGE_OPTIONS],
  examples: [
    ['bjob retry dl-hps/task1', 'one job'],
    ['bjob retry --workflow dl-hps', 'all of a workflow that have not ended well'],
    ['bjob retry --state FAILED --dry-run', 'what would be run again?'],
  ],
  async run(input, session) {
    const client = await session.open()
    const ids = await chooseJobs(
      client,
      input,
      input.words,
      ({ state }) => state === 'FAILED' || state === 'USER_KILLED',
    )
    const { retryJobs } = await import('../../client/change/retry-jobs.ts')
    const changes = await retryJobs(client.site, ids, await client.jobs.entries(), { dryRun: input.has('dry-run') })
    const status = await reportChanges(changes, input, session, 'none of the chosen jobs has failed or was killed')
    if (new Output(input, session.terminal).isText && changes.some(({ kind }) => kind === 'done'))
      await suggestRunning(client, session)
    return status
  },
}
