/** `bjob kill`: ends jobs. */
import { isEnded } from '../../core/life/states.ts'
import { Catalogue } from '../../client/view/catalogue.ts'
import type { KillOutcome } from '../../client/change/kill-jobs.ts'
import type { Command } from '../command/command.ts'
import { Output } from '../command/list-output.ts'
import { CHANGE_OPTIONS, chooseJobs, reportChanges } from '../arguments/chosen-jobs.ts'
import { FILTER_HELP, FILTER_OPTIONS } from '../arguments/filter-options.ts'

export const killCommand: Command = {
  words: '[ID…]',
  about: `Ends jobs: one that does not run, at once; one that runs, through its launcher, within a second or so. Their state is then USER_KILLED.
Something must be chosen; \`'*'\` is all jobs. ${FILTER_HELP}`,
  options: [
    ...FILTER_OPTIONS,
    { name: 'recursive', summary: 'and all jobs below them: their children, and so on' },
    ...CHANGE_OPTIONS,
  ],
  examples: [
    ['bjob kill dl-hps/task1', 'one job'],
    ['bjob kill --recursive dl-hps/driver', 'one, and all that it has spawned'],
    ['bjob kill --workflow dl-hps --state AWAITING_PARENTS', 'what has not begun'],
    ["bjob kill '*'", 'everything'],
  ],
  async run(input, session) {
    const client = await session.open()
    const { terminal } = session
    const isRecursive = input.has('recursive')
    // Below one that has ended there may be others.
    const ids = await chooseJobs(client, input, input.words, ({ state }) => isRecursive || !isEnded(state))
    const { findFamily, killFamilies, killJobs } = await import('../../client/change/kill-jobs.ts')
    if (input.has('dry-run')) {
      const meant = new Set(isRecursive ? await findFamily(new Catalogue(client.site), ids) : ids)
      const open = (await client.jobs.entries()).filter(({ id, state }) => meant.has(id) && !isEnded(state))
      const changes = open.map(
        ({ id, state }) => ({ id, kind: 'would', message: `would be killed: it is ${state}` }) as const,
      )
      return reportChanges(changes, input, session, NOTHING)
    }
    if (ids.length === 0) {
      terminal.note(NOTHING)
      return 0
    }
    const outcomes = await (isRecursive ? killFamilies(client.site, ids) : killJobs(client.site, ids))
    await new Output(input, terminal).list(outcomes, {
      record: (outcome) => outcome,
      columns: ['id', 'kind', 'state', 'launcher', 'isLauncherGone', 'reason'],
      line: describe,
    })
    return outcomes.some(({ kind }) => kind === 'failed') ? 3 : 0
  },
}

const NOTHING = 'no job matches that has not ended'

function describe(outcome: KillOutcome): string {
  if (outcome.kind === 'killed') return `${outcome.id} killed`
  if (outcome.kind === 'ended') return `${outcome.id} had ended already: ${outcome.state}`
  if (outcome.kind === 'failed') return `${outcome.id} cannot be killed: ${outcome.reason}`
  const { id, launcher, isLauncherGone } = outcome
  return isLauncherGone
    ? `${id} will be killed by the launcher that takes it over: ${launcher}, which has it, is gone`
    : `${id} is asked to end; its launcher ${launcher} has not done so yet. If that is dead, the one that takes the job over will`
}
