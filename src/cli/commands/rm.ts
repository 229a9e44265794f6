/** `bjob rm`: removes jobs. */
import type { Command } from '../command/command.ts'
import { Output } from '../command/list-output.ts'
import { CHANGE_OPTIONS, chooseJobs, reportChanges } from '../arguments/chosen-jobs.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../arguments/filter-options.ts'
import { nameFew } from '../../lib/text/name-few.ts'
import { isEmptyFilter } from '../../core/index/filter.ts'

export const rmCommand: Command = {
  words: '[ID…]',
  about: `Moves the folders of jobs to trash/ and frees their names. A job that a launcher owns is refused: kill it first.
Children that wait for a removed job fail. To restore a folder, move it out of trash/ by hand.
Requires an id or a filter. ${FILTER_HELP}`,
  options: [
    ...FILTER_OPTIONS,
    { name: 'purge', summary: 'empty the trash after moving the selected jobs there' },
    ...CHANGE_OPTIONS,
  ],
  examples: [
    ['bjob rm dl-hps/task1', 'one job'],
    ['bjob rm --workflow dl-hps --state FAILED', 'remove failed jobs'],
    ['bjob rm --purge', 'delete the contents of the trash for good'],
  ],
  async run(input, session) {
    const client = await session.open()
    const options = { dryRun: input.has('dry-run') }
    const isPurge = input.has('purge')
    const { purgeTrash, removeJobs } = await import('../../client/change/remove-jobs.ts')
    let status = 0
    if (!isPurge || !isEmptyFilter(filterOf(input))) {
      const changes = await removeJobs(client.site, await chooseJobs(client, input, input.words), options)
      status = await reportChanges(changes, input, session)
    }
    if (!isPurge) return status
    const { purged, left } = await purgeTrash(client.site, options)
    if (left.length > 0) session.terminal.note(`kept, because bjob did not put it there: ${nameFew(left)}`)
    else if (purged.length === 0) session.terminal.note('the trash is empty')
    await new Output(input, session.terminal).list(purged, {
      record: (folder) => ({ folder, kind: options.dryRun ? 'would' : 'done' }),
      columns: ['folder', 'kind'],
      line: (folder) => `${folder} ${options.dryRun ? 'would be ' : ''}deleted`,
    })
    return status
  },
}
