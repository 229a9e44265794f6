/** Selects jobs for commands that change them, and prints the results. */
import { requestError } from '../../core/text/errors.ts'
import { isEmptyFilter } from '../../core/index/filter.ts'
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import type { Change } from '../../client/change/change.ts'
import type { SiteClient } from '../../client/site-client.ts'
import type { Session } from '../command/command.ts'
import { filterOf } from './filter-options.ts'
import { findJob } from './job-word.ts'
import type { Input, Option } from '../command/option.ts'
import { LIST_OPTIONS, Output } from '../command/list-output.ts'

export const CHANGE_OPTIONS: readonly Option[] = [
  { name: 'dry-run', summary: 'show the changes without making them' },
  ...LIST_OPTIONS,
]

/**
 * The selected jobs. A named job is always selected and reported; a filter selects only those with
 * `isMeant`.
 * @throws BjobError `bad-option` without a selection, `unknown-job`
 */
export async function chooseJobs(
  client: SiteClient,
  input: Input,
  words: readonly string[],
  isMeant: (entry: JobEntry) => boolean = () => true,
): Promise<JobId[]> {
  const filter = filterOf(input, words)
  if (isEmptyFilter(filter))
    throw requestError('bad-option', 'no jobs selected', {
      hint: "name a job or a filter, or use '*' for all",
    })
  const isNamed = words.length > 0 && !words.some((word) => word.includes('*'))
  const found = await client.select(filter).entries()
  const ids = new Set(found.filter((entry) => isNamed || isMeant(entry)).map(({ id }) => id))
  // A named job outside the journal or the filters either exists, or is an error.
  if (isNamed) {
    const others = isEmptyFilter({ ...filter, id: [] })
    for (const word of words) {
      const id = await findJob(client.site, word)
      if (others) ids.add(id)
    }
  }
  return [...ids]
}

/** Prints the results. @returns the exit status */
export async function reportChanges(
  changes: readonly Change[],
  input: Input,
  { terminal }: Session,
  nothing = 'no job matches',
): Promise<number> {
  if (changes.length === 0) terminal.note(nothing)
  await new Output(input, terminal).list(changes, {
    record: (change) => change,
    columns: ['id', 'kind', 'message'],
    line: ({ id, message }) => `${id} ${message}`,
  })
  if (changes.some(({ kind }) => kind === 'failed')) return 3
  return changes.some(({ kind }) => kind === 'refused') ? 2 : 0
}
