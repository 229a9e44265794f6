/** `bjob kill`: kills jobs. */
import { isEnded } from '../../core/life/states.ts'
import { Catalogue } from '../../client/view/catalogue.ts'
import type { KillOutcome } from '../../client/change/kill-jobs.ts'
import type { Command } from '../command/command.ts'
import { Output } from '../command/list-output.ts'
import { CHANGE_OPTIONS, chooseJobs, reportChanges } from '../arguments/chosen-jobs.ts'
import { FILTER_HELP, FILTER_OPTIONS } from '../arguments/filter-options.ts'

export const killCommand: Command = {
  words: '[ID…]',
  about: `Kills jobs: waiting jobs at once, running jobs through their launcher within about a second. Their state becomes
USER_KILLED. Requires an id or a filter; \`'*'\` selects all jobs.
${FILTER_HELP}`,
  options: [
    ...FILTER_OPTIONS,
    { name: 'recursive', summary: 'also kill all descendants of the jobs' },
    ...CHANGE_OPTIONS,
  ],
  examples: [
    ['bjob kill dl-hps/task1', 'one job'],
    ['bjob kill --recursive dl-hps/driver', 'kill a job and all jobs that it spawned'],
    ['bjob kill --workflow dl-hps --state AWAITING_PARENTS', 'kill the jobs that wait for parents'],
    ["bjob kill '*'", 'kill all jobs'],
  ],
  async run(input, session) {
    const client = await session.open()
    const { terminal } = session
    const isRecursive = input.has('recursive')
    // An ended job may have running descendants.
    const ids = await chooseJobs(client, input, input.words, ({ state }) => isRecursive || !isEnded(state))
    const { findFamily, killFamilies, killJobs } = await import('../../client/change/kill-jobs.ts')
    if (input.has('dry-run')) {
      const meant = new Set(isRecursive ? await findFamily(new Catalogue(client.site), ids) : ids)
      const open = (await client.jobs.entries()).filter(({ id, state }) => meant.has(id) && !isEnded(state))
      const changes = open.map(
        ({ id, state }) => ({ id, kind: 'would', message: `would be killed; it is ${state}` }) as const,
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

const NOTHING = 'no unfinished job matches'

function describe(outcome: KillOutcome): string {
  if (outcome.kind === 'killed') return `${outcome.id} killed`
  if (outcome.kind === 'ended') return `${outcome.id} has already ended: ${outcome.state}`
  if (outcome.kind === 'failed') return `${outcome.id} cannot be killed: ${outcome.reason}`
  const { id, launcher, isLauncherGone } = outcome
  return isLauncherGone
    ? `${id}: kill requested; its launcher ${launcher} is gone, so the next launcher will kill it`
    : `${id}: kill requested; its launcher ${launcher} has not answered yet. If it is dead, the next launcher will kill the job`
}
