/** The filters of all commands about jobs, in one table. */
import { hintFor } from '../../core/text/error-hints.ts'
import { requestError } from '../../core/text/errors.ts'
import type { Filter } from '../../core/index/filter.ts'
import type { Input, Option } from '../command/option.ts'

export const FILTER_OPTIONS: readonly Option[] = [
  { name: 'workflow', value: 'WORKFLOW', isList: true, summary: 'jobs in this workflow' },
  { name: 'name', value: 'NAME', isList: true, summary: 'jobs with this name, in any workflow' },
  {
    name: 'state',
    value: 'STATE',
    isList: true,
    summary: 'jobs in this state, for example JOB_FINISHED, RUNNING or FAILED',
  },
  { name: 'app', alias: 'application', value: 'APP', isList: true, summary: 'jobs that run this application' },
  { name: 'tag', value: 'K=V', isList: true, summary: 'jobs with this tag; K alone matches any value' },
  { name: 'launcher', value: 'LAUNCHER', isList: true, summary: 'jobs that this launcher owns or owned last' },
]

export const FILTER_HELP = `A job must match every kind of filter given; repeat a filter for alternatives.
In a filter, * stands for any text: --name 'task*'.`

/** `words` are ids. */
export function filterOf(input: Input, words: readonly string[] = input.words): Filter {
  const filter: Filter = {
    id: words,
    workflow: input.list('workflow'),
    name: input.list('name'),
    state: input.list('state'),
    app: input.list('app'),
    tag: input.list('tag'),
    launcher: input.list('launcher'),
  }
  return filter
}

/** @throws BjobError `bad-option` unless there is exactly one word */
export function oneWord(input: Input, what: string): string {
  const [word] = input.words
  if (word === undefined)
    throw requestError('bad-option', `no ${what} given`, what === 'job' ? { hint: hintFor('unknown-job') } : {})
  if (input.words.length > 1) throw requestError('bad-option', `expected one ${what}, got ${input.words.length}`)
  return word
}

/** A filter as options of a command line; empty if it matches everything. */
export function filterText(filter: Filter): string {
  return Object.entries(filter)
    .flatMap(([name, words]: [string, readonly string[] | undefined]) =>
      (words ?? []).map((word) => (name === 'id' ? word : `--${name} ${word}`)),
    )
    .join(' ')
}
