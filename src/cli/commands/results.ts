/** `bjob results`: prints ended jobs for drivers. */
import { requestError } from '../../core/text/errors.ts'
import { isEmptyFilter } from '../../core/index/filter.ts'
import type { Command } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../arguments/filter-options.ts'
import { LIST_OPTIONS, Output } from '../command/list-output.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

/** `content` has the text; as JSON it would be printed twice. */
const COLUMNS = ['id', 'state', 'attempt', 'launcher', 'dir', 'ended', 'message', 'early', 'content', 'problem']

export const resultsCommand: Command = {
  words: '[ID…]',
  about: `Prints one JSON object per ended job (finished, failed or killed), with id, state, attempt, launcher, dir, ended,
message, the text of its result file as \`content\` (null if the file is missing), and \`result\` if that text is JSON.
With --cursor, each end is printed only once, even if processes die in between. A cursor belongs to one reader and
one selection of jobs, and refuses another. Printed lines count as delivered even if nobody reads them (\`| head -1\`
leaves the rest of a pipe unread). A driver that may die with unread lines should use \`bjob session\`, where it
acknowledges each end. ${FILTER_HELP}`,
  options: [
    { name: 'file', value: 'NAME', summary: "file to read in each job's folder (default result.dat)" },
    { name: 'cursor', value: 'FILE', summary: 'record in FILE which ends were printed' },
    { name: 'follow', alias: 'f', summary: 'keep printing ends until interrupted' },
    ...LIST_OPTIONS,
    ...FILTER_OPTIONS,
  ],
  examples: [
    ['bjob results --workflow dl-hps', 'print all ended jobs'],
    ['bjob results --cursor driver.cursor', 'print the jobs that ended since the last call'],
    ['bjob results --cursor driver.cursor --follow | while read -r line; do …; done', 'process ends as they happen'],
  ],
  async run(input, session) {
    const client = await session.open()
    const cursor = input.text('cursor')
    if (cursor === '') throw requestError('bad-option', '--cursor must name a file')
    const options = {
      file: input.text('file') ?? 'result.dat',
      follow: input.has('follow'),
      filter: filterOf(input),
      signal: stopSignal(),
    }
    let count = 0
    await new Output(input, session.terminal, 'json').list(
      client.results(cursor === undefined ? options : { ...options, cursor }),
      {
        record: (result) => {
          count += 1
          return result
        },
        columns: COLUMNS,
        line: ({ id }) => id,
      },
    )
    if (count > 0 || options.follow || isEmptyFilter(options.filter)) return
    if (!(await client.select(options.filter).exists())) session.terminal.note('no job matches')
  },
}
