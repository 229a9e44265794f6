/** `bjob retry`: retries failed and killed jobs. */
import type { Command } from '../command/command.ts'
import { CHANGE_OPTIONS, chooseJobs, reportChanges } from '../arguments/chosen-jobs.ts'
import { Output } from '../command/list-output.ts'
import { FILTER_HELP, FILTER_OPTIONS } from '../arguments/filter-options.ts'
import { suggestRunning } from '../show/suggest-running.ts'

export const retryCommand: Command = {
  words: '[ID…]',
  about: `Changes FAILED and USER_KILLED jobs to RESTART_READY. They run again in their folder and keep their earlier output.
A job whose parent failed can be retried only together with that parent. Requires an id or a filter.
${FILTER_HELP}`,
  options: [...FILTER_OPTIONS, ...CHANGE_OPTIONS],
  examples: [
    ['bjob retry dl-hps/task1', 'one job'],
    ['bjob retry --workflow dl-hps', 'retry all failed or killed jobs of a workflow'],
    ['bjob retry --state FAILED --dry-run', 'show which jobs would run again'],
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
    const status = await reportChanges(changes, input, session, 'none of the selected jobs has failed or been killed')
    if (new Output(input, session.terminal).isText && changes.some(({ kind }) => kind === 'done'))
      await suggestRunning(client, session)
    return status
  },
}
