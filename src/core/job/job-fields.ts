/**
 * The table of a job's fields, in the order of job.yaml: schema, default, form on a command line,
 * and texts. Schemas, the type of a specification, the options of `bjob spawn`, its help and
 * README's table derive from it. Names and defaults are Balsam's (`BalsamJob`, 0.5.0).
 */
import * as v from 'valibot'
import * as schemas from './field-schemas.ts'

/** Form on a command line: `patterns` and `pairs` may be repeated; `flag` is true or false. */
type Takes = 'text' | 'number' | 'patterns' | 'pairs' | 'flag' | 'json'

export interface JobField {
  readonly schema: v.GenericSchema
  /** Undefined if there is no default. */
  readonly default?: unknown
  readonly takes: Takes
  /** Placeholder in the help; the unit by default. */
  readonly value?: string
  readonly unit?: 'minutes' | 'seconds'
  /** Name of the option, if different from the field's. */
  readonly option?: string
  readonly alias?: string
  /** Words of other tools for the same option, with dashes. */
  readonly also?: readonly string[]
  /** One line for help and README. */
  readonly summary: string
  /** For a default of true: description of the option that turns it off. */
  readonly off?: string
  /** Addition in README. */
  readonly details?: string
}

/** The fields of job.yaml. */
export const JOB_FIELDS = {
  application: {
    schema: schemas.nameText,
    takes: 'text',
    value: 'APP',
    alias: 'app',
    summary: 'application to run, as listed by `bjob app ls`',
  },
  args: {
    schema: schemas.wordList,
    default: [],
    takes: 'text',
    value: 'WORDS',
    summary: 'arguments, split like a shell command; on a command line also the words after `--`',
  },
  input_files: {
    schema: schemas.patterns,
    default: [],
    takes: 'patterns',
    value: 'FILES',
    summary: "files, folders or globs to provide in the job's folder, from the current folder and from its parents",
    details: 'See below',
  },
  input_mode: {
    schema: v.optional(v.picklist(['copy', 'link'], 'must be copy or link')),
    takes: 'text',
    value: 'copy|link',
    summary:
      'copy or link the input files; by default, copies at spawn and links to files of parents that it waits for',
  },
  stage_in_url: {
    schema: schemas.stageUrls,
    default: [],
    takes: 'patterns',
    value: 'URLS',
    summary: "files or folders to copy into the job's folder before it runs: /PATH, file:///PATH or [USER@]HOST:PATH",
  },
  stage_out_url: {
    schema: schemas.optionalStageUrl,
    takes: 'text',
    value: 'URL',
    summary: 'destination of stage_out_files after a successful run: a folder, local or [USER@]HOST:PATH',
  },
  stage_out_files: {
    schema: schemas.innerPatterns,
    default: [],
    takes: 'patterns',
    value: 'FILES',
    summary: "files or globs in the job's folder to copy there",
  },
  parents: {
    schema: schemas.blankList(schemas.plainText, 'must be a list of ids'),
    default: [],
    takes: 'patterns',
    value: 'IDS',
    summary: 'jobs that must finish first',
  },
  wait_for_parents: {
    schema: schemas.flag,
    default: true,
    takes: 'flag',
    summary: 'start only after all parents have finished',
    off: 'start while the parents are still running',
  },
  description: {
    schema: schemas.plainText,
    default: '',
    takes: 'text',
    value: 'TEXT',
    summary: 'free-text description',
  },
  tags: {
    schema: schemas.textMap,
    default: {},
    takes: 'pairs',
    option: 'tag',
    value: 'K=V',
    summary: 'tags for filters',
  },
  priority: {
    schema: schemas.between(-1e6, 1e6),
    default: 0,
    takes: 'number',
    value: 'N',
    summary: 'jobs with a higher priority run first',
  },
  wall_time_minutes: {
    schema: schemas.minutes,
    default: 1,
    takes: 'number',
    unit: 'minutes',
    also: ['--wall-time', '--walltime'],
    summary: 'estimated run time, used for planning; a job that exceeds it is not stopped',
  },
  timeout_minutes: {
    schema: v.optional(schemas.minutes),
    takes: 'number',
    unit: 'minutes',
    also: ['--timeout'],
    summary: 'time limit of an attempt, which then fails',
  },
  num_nodes: {
    schema: schemas.count,
    default: 1,
    takes: 'number',
    value: 'N',
    also: ['--nodes', '-N'],
    summary: 'number of nodes',
  },
  ranks_per_node: {
    schema: schemas.count,
    default: 1,
    takes: 'number',
    value: 'N',
    also: ['--ntasks-per-node'],
    summary: 'MPI ranks per node',
  },
  threads_per_rank: {
    schema: schemas.count,
    default: 1,
    takes: 'number',
    value: 'N',
    also: ['--cores', '--cpus-per-task', '-c'],
    summary: 'cores per rank',
  },
  threads_per_core: {
    schema: schemas.count,
    default: 1,
    takes: 'number',
    value: 'N',
    summary: 'hardware threads to use per core',
  },
  gpus_per_rank: {
    schema: schemas.between(0, 1000),
    default: 0,
    takes: 'number',
    value: 'N',
    also: ['--gpus-per-task'],
    summary: 'GPUs per rank',
  },
  node_packing_count: {
    schema: schemas.count,
    default: 1,
    takes: 'number',
    value: 'N',
    summary: 'serial jobs like this one that may share a node',
    details: 'At most 32,768',
  },
  cpu_affinity: {
    schema: v.picklist(['none', 'depth'], 'must be none or depth'),
    default: 'none',
    takes: 'text',
    value: 'none|depth',
    summary: '`depth` binds the job to its cores',
  },
  mpi_flags: {
    schema: schemas.wordList,
    default: [],
    takes: 'text',
    value: 'WORDS',
    summary: 'extra arguments for the MPI launcher',
  },
  environ_vars: {
    schema: schemas.variableMap,
    default: {},
    takes: 'pairs',
    option: 'env',
    value: 'K=V',
    summary: 'environment variables',
  },
  post_error_handler: {
    schema: schemas.flag,
    default: false,
    takes: 'flag',
    summary: "let the application's postprocess decide the job's state after a failure",
  },
  post_timeout_handler: {
    schema: schemas.flag,
    default: false,
    takes: 'flag',
    summary: "let the application's postprocess decide the job's state after a timeout",
  },
  auto_timeout_retry: {
    schema: schemas.flag,
    default: true,
    takes: 'flag',
    summary: 'restart the job after its launcher ran out of time',
    off: 'fail the job, instead of restarting it, when its launcher runs out of time',
    details: 'This does not count as a failure',
  },
  max_retries: {
    schema: schemas.between(0, 1e6),
    default: 0,
    takes: 'number',
    value: 'N',
    summary: 'number of automatic retries after failures',
  },
  retry_delay_seconds: {
    schema: schemas.seconds,
    default: 0,
    takes: 'number',
    unit: 'seconds',
    summary: 'delay before a retry, doubled after each further failure',
    details: 'At most an hour',
  },
  crash_limit: {
    schema: schemas.between(0, 100, 'must be at most 100'),
    default: 3,
    takes: 'number',
    value: 'N',
    summary: 'deaths of the launcher, agent or node during a run after which the job fails; 0: never',
    details:
      "The last attempt before that, and each one after an agent's death, runs alone on its nodes. Ends of launchers by walltime or on request do not count",
  },
} as const satisfies Record<string, JobField>

/** Further fields of a new job. */
export const NAME_FIELDS = {
  name: { schema: schemas.nameText, takes: 'text', value: 'NAME', summary: 'job name, unique within the workflow' },
  workflow: {
    schema: v.optional(schemas.nameText),
    takes: 'text',
    value: 'WORKFLOW',
    summary: 'workflow of the job (default: that of the spawning job, else `default`)',
  },
} as const satisfies Record<string, JobField>

export const DATA_FIELD = {
  data: {
    schema: v.optional(schemas.json),
    takes: 'json',
    value: 'JSON',
    summary: "any JSON value, stored as data.json in the job's folder",
  },
} as const satisfies Record<string, JobField>

/** All fields of a new job, in the order of help. */
export const ALL_FIELDS: Readonly<Record<string, JobField>> = { ...NAME_FIELDS, ...JOB_FIELDS, ...DATA_FIELD }
