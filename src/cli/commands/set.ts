/** `bjob set`: changes fields of jobs. */
import { requestError } from '../../core/text/errors.ts'
import { STATES, type State, isEnded, isState } from '../../core/life/states.ts'
import { ASSIGNMENT_HELP, splitAssignments } from '../arguments/assignment-words.ts'
import type { Command } from '../command/command.ts'
import { CHANGE_OPTIONS, chooseJobs, reportChanges } from '../arguments/chosen-jobs.ts'
import { FILTER_HELP, FILTER_OPTIONS } from '../arguments/filter-options.ts'

export const setCommand: Command = {
  words: '[ID…] FIELD=VALUE…',
  about: `Changes fields of job.yaml in jobs that have not ended and that no launcher owns. The field \`data\`, any JSON value,
can be changed in every job; it is stored in data.json. The postprocess of a job sets the state of its own job with
\`bjob set state=STATE [message=TEXT]\`: JOB_FINISHED, FAILED or RESTART_READY.
${ASSIGNMENT_HELP}
Requires an id or a filter. ${FILTER_HELP}`,
  options: [...FILTER_OPTIONS, ...CHANGE_OPTIONS],
  examples: [
    ['bjob set dl-hps/task1 wall_time_minutes=30 priority=5', 'one job'],
    ["bjob set --workflow dl-hps --state CREATED 'args=--epochs 10'", 'change all jobs that have not started'],
    ['bjob set task1 tags.owner=ada tags.draft=', 'add one tag, remove another'],
    [`bjob set task1 'data={"loss": 0.25}'`, 'set data.json'],
  ],
  async run(input, session) {
    const client = await session.open()
    const [state] = input.words
    if (state?.startsWith('state=') === true) return client.updateState(...verdictOf(state, input.words.slice(1)))
    const { ids, assignments } = splitAssignments(input.words)
    if (assignments.length === 0)
      throw requestError('bad-option', 'no FIELD=VALUE given', { hint: '`bjob set --help` shows examples' })
    const { amendJobs } = await import('../../client/change/amend.ts')
    const isData = assignments.every(({ field }) => field === 'data')
    const chosen = await chooseJobs(client, input, ids, ({ state }) => isData || !isEnded(state))
    const changes = await amendJobs(client.site, chosen, assignments, { dryRun: input.has('dry-run') })
    return reportChanges(changes, input, session)
  },
}

function verdictOf(first: string, [second, third]: readonly string[]): [State, string] {
  const state = first.slice('state='.length)
  if (!isState(state)) throw requestError('unknown-state', `unknown state ${state}`, { hint: STATES.join(' ') })
  if (second !== undefined && (!second.startsWith('message=') || third !== undefined))
    throw requestError('bad-option', 'only message=TEXT may stand beside state=')
  return [state, second?.slice('message='.length) ?? '']
}
