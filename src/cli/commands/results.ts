/** `bjob results`: what ended, for a driver in any language. */
import { requestError } from '../../core/text/errors.ts'
import { isEmptyFilter } from '../../core/index/filter.ts'
import type { Command } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../arguments/filter-options.ts'
import { LIST_OPTIONS, Output } from '../command/list-output.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

/** The text is `content`; as JSON it would stand there twice. */
const COLUMNS = ['id', 'state', 'attempt', 'launcher', 'dir', 'ended', 'message', 'early', 'content', 'problem']

export const resultsCommand: Command = {
  words: '[ID…]',
  about: `Prints a JSON object a line for each job that ended (finished, failed or killed): id, state, attempt, launcher, dir, ended, message, the
text of the file that it wrote as \`content\` (null without one), and as \`result\` when that text is JSON.
With --cursor, only what was not printed before: each end once, whatever died in between. A cursor belongs to one reader and one filter, and
refuses another. What was written counts as printed, also when nobody reads it (\`| head -1\` leaves the rest of a pipe unread): a driver that
may die with lines unread uses \`bjob session\`, where it acknowledges each end.
${FILTER_HELP}`,
  options: [
    { name: 'file', value: 'NAME', summary: 'the file to read in each folder (default result.dat)' },
    { name: 'cursor', value: 'FILE', summary: 'remember in FILE what was printed' },
    { name: 'follow', alias: 'f', summary: 'go on with what ends from now on, until it is interrupted' },
    ...LIST_OPTIONS,
    ...FILTER_OPTIONS,
  ],
  examples: [
    ['bjob results --workflow dl-hps', 'everything that ended so far'],
    ['bjob results --cursor driver.cursor', 'what is new since the last time'],
    ['bjob results --cursor driver.cursor --follow | while read -r line; do …; done', 'as it happens'],
  ],
  async run(input, session) {
    const client = await session.open()
    const cursor = input.text('cursor')
    if (cursor === '') throw requestError('bad-option', '--cursor is empty; it takes the name of a file')
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
