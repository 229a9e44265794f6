/** `bjob set`: changes fields of jobs. */
import { requestError } from '../../core/text/errors.ts'
import { STATES, type State, isEnded, isState } from '../../core/life/states.ts'
import { ASSIGNMENT_HELP, splitAssignments } from '../arguments/assignment-words.ts'
import type { Command } from '../command/command.ts'
import { CHANGE_OPTIONS, chooseJobs, reportChanges } from '../arguments/chosen-jobs.ts'
import { FILTER_HELP, FILTER_OPTIONS } from '../arguments/filter-options.ts'

export const setCommand: Command = {
  words: '[ID…] FIELD=VALUE…',
  about: `Changes fields of job.yaml, of jobs that no launcher has and that have not ended; and \`data\`, any JSON, of every job: it is a file of its
own, data.json. The postprocess of a job says with \`bjob set state=STATE [message=TEXT]\` what its job becomes: JOB_FINISHED, FAILED or RESTART_READY.
${ASSIGNMENT_HELP} Something must be chosen. ${FILTER_HELP}`,
  options: [...FILTER_OPTIONS, ...CHANGE_OPTIONS],
  examples: [
    ['bjob set dl-hps/task1 wall_time_minutes=30 priority=5', 'one job'],
    ["bjob set --workflow dl-hps --state CREATED 'args=--epochs 10'", 'all that have not begun'],
    ['bjob set task1 tags.owner=ada tags.draft=', 'one tag more, one less'],
    [`bjob set task1 'data={"loss": 0.25}'`, 'what data.json holds'],
  ],
  async run(input, session) {
    const client = await session.open()
    const [state] = input.words
    if (state?.startsWith('state=') === true) return client.updateState(...verdictOf(state, input.words.slice(1)))
    const { ids, assignments } = splitAssignments(input.words)
    if (assignments.length === 0)
      throw requestError('bad-option', 'set what? No FIELD=VALUE is given', { hint: '`bjob set --help` shows how' })
    const { amendJobs } = await import('../../client/change/amend.ts')
    const isData = assignments.every(({ field }) => field === 'data')
    const chosen = await chooseJobs(client, input, ids, ({ state }) => isData || !isEnded(state))
    const changes = await amendJobs(client.site, chosen, assignments, { dryRun: input.has('dry-run') })
    return reportChanges(changes, input, session)
  },
}

function verdictOf(first: string, [second, third]: readonly string[]): [State, string] {
  const state = first.slice('state='.length)
  if (!isState(state)) throw requestError('unknown-state', `there is no state ${state}`, { hint: STATES.join(' ') })
  if (second !== undefined && (!second.startsWith('message=') || third !== undefined))
    throw requestError('bad-option', 'beside state= there can be message=TEXT only')
  return [state, second?.slice('message='.length) ?? '']
}
