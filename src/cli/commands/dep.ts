/** `bjob dep`: adds a dependency. */
import { requestError } from '../../core/text/errors.ts'
import type { Command } from '../command/command.ts'
import { CHANGE_OPTIONS, reportChanges } from '../arguments/chosen-jobs.ts'
import { findJob } from '../arguments/job-word.ts'

export const depCommand: Command = {
  words: 'PARENT CHILD',
  about: `Makes CHILD wait until PARENT has finished. CHILD fails if PARENT fails. CHILD must not have started, and the
dependency must not form a cycle. To replace all parents of a job, use \`bjob set CHILD parents='A B'\`.`,
  options: CHANGE_OPTIONS,
  examples: [['bjob dep dl-hps/train dl-hps/plot', 'start plot after train']],
  async run(input, session) {
    const { site } = await session.open()
    const [first, second, third] = input.words
    if (first === undefined || second === undefined || third !== undefined)
      throw requestError('bad-option', 'expected two jobs: bjob dep PARENT CHILD')
    const parent = await findJob(site, first)
    const id = await findJob(site, second)
    const { addParent } = await import('../../client/change/amend.ts')
    const change = await addParent(site, parent, id, { dryRun: input.has('dry-run') })
    return reportChanges([{ id, ...change }], input, session)
  },
}
