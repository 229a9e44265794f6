/** `bjob spawn`'s options: one for each field of job.yaml, and how each becomes the field's value. */
import fs from 'node:fs'
import { requestError } from '../../core/text/errors.ts'
import { parseJson } from '../../core/text/json-text.ts'
import type { Input, Option } from '../command/option.ts'
import { LIST_OPTIONS } from '../command/list-output.ts'

/** `flag` says no to what is true by default, `switch` yes to what is not. */
type FieldKind = 'text' | 'number' | 'texts' | 'pairs' | 'flag' | 'switch'

interface FieldOption extends Option {
  /** The field of job.yaml. */
  readonly field: string
  readonly kind: FieldKind
}

/** Every field of job.yaml; `--no-…` for those that are true unless said otherwise. */
const FIELD_OPTIONS: readonly FieldOption[] = [
  {
    name: 'application',
    alias: 'app',
    value: 'APP',
    field: 'application',
    kind: 'text',
    summary: 'what it runs: a name from `bjob app ls`',
  },
  { name: 'name', value: 'NAME', field: 'name', kind: 'text', summary: 'its name, unique in the workflow' },
  {
    name: 'workflow',
    value: 'WORKFLOW',
    field: 'workflow',
    kind: 'text',
    summary: 'the workflow it belongs to (default: that of the job that spawns, or `default`)',
  },
  {
    name: 'args',
    value: 'WORDS',
    field: 'args',
    kind: 'text',
    summary: 'arguments, split as a shell does; or put them after --',
  },
  {
    name: 'input-files',
    value: 'FILES',
    field: 'input_files',
    kind: 'texts',
    isList: true,
    summary: 'files, folders or globs for its folder: of the current one, and of its parents',
  },
  {
    name: 'input-mode',
    value: 'HOW',
    field: 'input_mode',
    kind: 'text',
    summary:
      'copy or link: how it gets them (default: copies when it is made, links to those of parents that it waits for)',
  },
  { name: 'parents', value: 'IDS', field: 'parents', kind: 'texts', isList: true, summary: 'jobs that come before it' },
  { name: 'no-wait-for-parents', field: 'wait_for_parents', kind: 'flag', summary: 'may run while its parents do' },
  {
    name: 'wall-time-minutes',
    value: 'M',
    field: 'wall_time_minutes',
    kind: 'number',
    summary: 'how long it is expected to run (default 1)',
  },
  {
    name: 'timeout-minutes',
    value: 'M',
    field: 'timeout_minutes',
    kind: 'number',
    summary: 'end it after that long (default: never)',
  },
  { name: 'num-nodes', value: 'N', field: 'num_nodes', kind: 'number', summary: 'nodes it needs (default 1)' },
  {
    name: 'ranks-per-node',
    value: 'N',
    field: 'ranks_per_node',
    kind: 'number',
    summary: 'MPI ranks on each node (default 1)',
  },
  {
    name: 'threads-per-rank',
    value: 'N',
    field: 'threads_per_rank',
    kind: 'number',
    summary: 'cores for each rank (default 1)',
  },
  {
    name: 'threads-per-core',
    value: 'N',
    field: 'threads_per_core',
    kind: 'number',
    summary: 'hardware threads used of each core (default 1)',
  },
  {
    name: 'gpus-per-rank',
    value: 'N',
    field: 'gpus_per_rank',
    kind: 'number',
    summary: 'GPUs for each rank (default 0)',
  },
  {
    name: 'node-packing-count',
    value: 'N',
    field: 'node_packing_count',
    kind: 'number',
    summary: 'how many such serial jobs share a node at most (default 1)',
  },
  {
    name: 'cpu-affinity',
    value: 'none|depth',
    field: 'cpu_affinity',
    kind: 'text',
    summary: 'depth: bind it to its cores',
  },
  { name: 'mpi-flags', value: 'WORDS', field: 'mpi_flags', kind: 'text', summary: 'more words for the MPI launcher' },
  {
    name: 'env',
    value: 'K=V',
    field: 'environ_vars',
    kind: 'pairs',
    isList: true,
    summary: 'a variable of its environment',
  },
  { name: 'tag', value: 'K=V', field: 'tags', kind: 'pairs', isList: true, summary: 'a tag, to find it by' },
  {
    name: 'stage-in-url',
    value: 'URLS',
    field: 'stage_in_url',
    kind: 'texts',
    isList: true,
    summary: 'files or folders to bring into its folder before it runs: /PATH, file:///PATH or [USER@]HOST:PATH',
  },
  {
    name: 'stage-out-url',
    value: 'URL',
    field: 'stage_out_url',
    kind: 'text',
    summary: 'the folder, local or [USER@]HOST:PATH, that --stage-out-files go to once it has run well',
  },
  {
    name: 'stage-out-files',
    value: 'FILES',
    field: 'stage_out_files',
    kind: 'texts',
    isList: true,
    summary: 'files or globs in its folder to bring there',
  },
  { name: 'description', value: 'TEXT', field: 'description', kind: 'text', summary: 'a word for people' },
  { name: 'priority', value: 'N', field: 'priority', kind: 'number', summary: 'higher runs first (default 0)' },
  {
    name: 'max-retries',
    value: 'N',
    field: 'max_retries',
    kind: 'number',
    summary: 'run it again that often when it fails (default 0)',
  },
  {
    name: 'retry-delay-seconds',
    value: 'S',
    field: 'retry_delay_seconds',
    kind: 'number',
    summary: 'how long it waits before it is run again, doubled each time (default 0)',
  },
  {
    name: 'crash-limit',
    value: 'N',
    field: 'crash_limit',
    kind: 'number',
    summary: 'fail it when its launcher, agent or node has died N times while it ran (default 3, 0: never)',
  },
  {
    name: 'no-auto-timeout-retry',
    field: 'auto_timeout_retry',
    kind: 'flag',
    summary: 'do not run it again when its launcher ran out of time',
  },
  {
    name: 'post-error-handler',
    field: 'post_error_handler',
    kind: 'switch',
    summary: "when it fails, let its application's postprocess decide what becomes of it",
  },
  {
    name: 'post-timeout-handler',
    field: 'post_timeout_handler',
    kind: 'switch',
    summary: 'the same when its time was up',
  },
  { name: 'data', value: 'JSON', field: 'data', kind: 'text', summary: 'anything, kept as data.json in its folder' },
]

/** The fields of a job that is there. */
export const CHANGEABLE_FIELDS: readonly string[] = FIELD_OPTIONS.map(({ field }) => field).filter(
  (field) => field !== 'name' && field !== 'workflow',
)

export const SPAWN_OPTIONS: readonly Option[] = [
  ...FIELD_OPTIONS,
  {
    name: 'from',
    value: 'FILE',
    summary: 'make the jobs of a file of YAML, JSON Lines or commands; - is standard input',
  },
  { name: 'format', value: 'records|commands', summary: 'what is in FILE: records (default), or commands, one a line' },
  {
    name: 'if-exists',
    value: 'error|reuse|rename',
    summary: 'a name is taken: error (default), reuse (take the job that is there) or rename',
  },
  ...LIST_OPTIONS,
]

/** The record that the options describe. @throws BjobError `bad-option` */
export function recordOf(input: Input): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const option of FIELD_OPTIONS) if (input.has(option.name)) record[option.field] = valueOf(option, input)
  if (input.rest.length > 0) {
    if ('args' in record) throw requestError('bad-option', 'arguments are given twice: with --args and after --')
    record['args'] = input.rest
  }
  return record
}

function valueOf({ name, field, kind }: FieldOption, input: Input): unknown {
  const text = input.text(name) ?? ''
  switch (kind) {
    case 'flag':
      return false
    case 'switch':
      return true
    case 'text':
      return field === 'data' ? parseData(text) : text
    case 'number':
      return numberOf(text)
    case 'texts':
      return textsOf(input.list(name))
    case 'pairs':
      break
  }
  return Object.fromEntries(input.list(name).map((pair) => splitPair(name, pair)))
}

/** Of one text the field decides; of several, each that is a file is one, and the others are split at blanks. */
function textsOf(given: readonly string[]): unknown {
  if (given.length === 1) return given[0]
  return given.flatMap((words) => (fs.existsSync(words) ? [words] : words.split(/\s+/).filter((word) => word !== '')))
}

/** The value of a field that is given as one word, as `bjob set` takes it. @throws BjobError `bad-option` for data that is not JSON */
export function fieldValue(field: string, text: string): unknown {
  if (field === 'data') return parseData(text)
  const kind = FIELD_OPTIONS.find((option) => option.field === field)?.kind
  if (kind === 'number') return numberOf(text)
  if (kind === 'texts') return text.split(/\s+/).filter((word) => word !== '')
  if (kind === 'flag' || kind === 'switch') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

/** What is no number goes on as it is: the field's own check says what it must be. */
function numberOf(text: string): unknown {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}

function splitPair(name: string, pair: string): [string, string] {
  const at = pair.indexOf('=')
  if (at < 1) throw requestError('bad-option', `--${name} takes NAME=VALUE, and is ${JSON.stringify(pair)}`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function parseData(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw requestError('bad-option', `data is not JSON: ${error instanceof Error ? error.message : text}`)
  }
}
