/** `bjob dep`: makes a job wait for another one. */
import { requestError } from '../../core/text/errors.ts'
import type { Command } from '../command/command.ts'
import { CHANGE_OPTIONS, reportChanges } from '../arguments/chosen-jobs.ts'
import { findJob } from '../arguments/job-word.ts'

export const depCommand: Command = {
  words: 'PARENT CHILD',
  about: `CHILD then waits until PARENT has finished, and fails when that fails. CHILD must not have started; a circle is refused.
\`bjob set CHILD parents='A B'\` says all of its parents.`,
  options: CHANGE_OPTIONS,
  examples: [['bjob dep dl-hps/train dl-hps/plot', 'plot comes after train']],
  async run(input, session) {
    const { site } = await session.open()
    const [first, second, third] = input.words
    if (first === undefined || second === undefined || third !== undefined)
      throw requestError('bad-option', 'dep takes two jobs: bjob dep PARENT CHILD')
    const parent = await findJob(site, first)
    const id = await findJob(site, second)
    const { addParent } = await import('../../client/change/amend.ts')
    const change = await addParent(site, parent, id, { dryRun: input.has('dry-run') })
    return reportChanges([{ id, ...change }], input, session)
  },
}
