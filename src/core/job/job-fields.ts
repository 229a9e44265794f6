/** What each field of `job.yaml` may hold. */
import * as v from 'valibot'
import { finite, isObject, mapOf, whole } from '../../lib/shapes.ts'
import { splitShellWords } from '../../lib/text/shell-words.ts'
import { LOSS, Written, isBlurred, toWord } from '../../lib/text/written.ts'
import { nameProblem, quoteName } from './id.ts'
import type { DEFAULTS } from './job-defaults.ts'
import { parseStageUrl, stagedName } from './stage-url.ts'

const wholeNumber = whole('must be a whole number')
const count = v.pipe(wholeNumber, v.minValue(1, 'must be at least 1'), v.maxValue(1e9, 'is too large'))
const minutes = v.pipe(
  finite('must be a number of minutes'),
  v.gtValue(0, 'must be more than 0'),
  v.maxValue(1e7, 'is too large'),
)
const flag = v.boolean('must be true or false')
const textMessage = ({ input }: v.StringIssue): string =>
  typeof input === 'number' && isBlurred(input) ? LOSS : 'must be text'
/** What may stand where text is meant. */
type Word = string | number | boolean
const anyText = v.pipe(
  v.custom<Word>(() => true),
  v.transform((value: Word) => toWord(value)),
  v.string(textMessage),
)
const plainText = v.pipe(
  anyText,
  v.check((text) => !text.includes('\0'), 'has a NUL character in it'),
)
const wordList = v.pipe(v.unknown(), v.rawTransform(splitWords), v.array(plainText, 'must be a list of words'))
const nameText = v.pipe(
  anyText,
  v.check(isName, ({ input }) => `${quoteName(input)} ${nameProblem(input) ?? 'is wrong'}`),
)
const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_]\w*$/, ({ input }) => `has ${JSON.stringify(input)}, which is not a variable's name`),
)
const mapMessage = 'must be a map of names to text'
const stageUrl = v.pipe(plainText, v.rawCheck(checkUrl))
const pattern = v.pipe(plainText, v.nonEmpty('has an empty pattern'))
const innerPattern = v.pipe(
  pattern,
  v.check((text) => !text.startsWith('/') && !text.split('/').includes('..'), "leads out of the job's folder"),
)
const blankList = <const Item extends v.GenericSchema<Word, string>>(item: Item, message: string) =>
  v.pipe(v.unknown(), v.transform(splitBlanks), v.array(item, message))

/** A schema for each field of job.yaml. */
export const JOB_FIELDS = {
  application: nameText,
  args: wordList,
  input_files: blankList(pattern, 'must be a list of file patterns'),
  input_mode: v.optional(v.picklist(['copy', 'link'], 'must be copy or link')),
  stage_in_url: v.pipe(blankList(stageUrl, 'must be a list of URLs'), v.rawCheck(checkStagedNames)),
  stage_out_url: v.pipe(
    v.unknown(),
    v.transform((value) => (value === '' ? undefined : value)),
    v.optional(stageUrl),
  ),
  stage_out_files: blankList(innerPattern, 'must be a list of file patterns'),
  parents: blankList(plainText, 'must be a list of ids'),
  wait_for_parents: flag,
  description: plainText,
  tags: mapOf(v.string(), plainText, mapMessage),
  priority: v.pipe(wholeNumber, v.minValue(-1e6, 'must be at least -1000000'), v.maxValue(1e6, 'is too large')),
  wall_time_minutes: minutes,
  timeout_minutes: v.optional(minutes),
  num_nodes: count,
  ranks_per_node: count,
  threads_per_rank: count,
  threads_per_core: count,
  gpus_per_rank: v.pipe(wholeNumber, v.minValue(0, 'must be at least 0'), v.maxValue(1000, 'is too large')),
  node_packing_count: count,
  cpu_affinity: v.picklist(['none', 'depth'], 'must be none or depth'),
  mpi_flags: wordList,
  environ_vars: v.pipe(v.unknown(), v.rawTransform(splitVariables), mapOf(variableName, plainText, mapMessage)),
  post_error_handler: flag,
  post_timeout_handler: flag,
  auto_timeout_retry: flag,
  max_retries: v.pipe(wholeNumber, v.minValue(0, 'must be at least 0'), v.maxValue(1e6, 'is too large')),
  retry_delay_seconds: v.pipe(
    finite('must be a number of seconds'),
    v.minValue(0, 'must be at least 0'),
    v.maxValue(86_400, 'must be at most 86400'),
  ),
  crash_limit: v.pipe(wholeNumber, v.minValue(0, 'must be at least 0'), v.maxValue(100, 'must be at most 100')),
} satisfies Record<keyof typeof DEFAULTS, v.GenericSchema>

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

const jsonMessage = 'must be text, a number, true, false, null, or a list or a map of such'
const exactNumber = v.pipe(
  finite(jsonMessage),
  v.check((value) => !isBlurred(value), LOSS),
)
const plainJson = v.union([v.string(), v.boolean(), v.null()], jsonMessage)
const writtenJson = v.pipe(
  v.instance(Written),
  v.check(({ isExact }) => isExact, LOSS),
  v.transform(({ value }) => value),
  v.union([v.boolean(), finite(jsonMessage)], jsonMessage),
)
const json: v.GenericSchema<unknown, Json> = v.lazy((value) => {
  if (Array.isArray(value)) return v.array(json)
  if (value instanceof Written) return writtenJson
  if (typeof value === 'number') return exactNumber
  return isObject(value) ? mapOf(v.string(), json, jsonMessage) : plainJson
})

/** Any value that JSON has. */
export const DATA: v.GenericSchema<unknown, Json> = json

/** What only the request of a job has beside those. */
export const SPAWN_FIELDS = {
  workflow: v.optional(nameText),
  name: nameText,
  data: v.optional(json),
}

/** Whether `word` can name a job, a workflow or an application. */
export function isName(word: string): boolean {
  return nameProblem(word) === undefined
}

function splitWords({ dataset: { value }, addIssue, NEVER }: v.RawTransformContext<unknown>): unknown {
  const words = toWord(value)
  if (typeof words !== 'string') return words
  try {
    return splitShellWords(words)
  } catch (error) {
    addIssue({ message: error instanceof Error ? error.message : 'cannot be split into words' })
    return NEVER
  }
}

function splitBlanks(value: unknown): unknown {
  return typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value
}

/** Reads Balsam's `A=1:B=2` and lists of `A=1` beside maps. */
function splitVariables({ dataset: { value }, addIssue, NEVER }: v.RawTransformContext<unknown>): unknown {
  const pairs = typeof value === 'string' ? value.split(':').filter((pair) => pair !== '') : value
  if (!Array.isArray(pairs)) return pairs
  const bad = pairs.find((pair) => typeof pair !== 'string' || !pair.includes('='))
  if (bad !== undefined) {
    addIssue({ message: `has ${JSON.stringify(bad)}, which is not NAME=VALUE` })
    return NEVER
  }
  return Object.fromEntries(
    pairs.map((pair) => [
      String(pair).slice(0, String(pair).indexOf('=')),
      String(pair).slice(String(pair).indexOf('=') + 1),
    ]),
  )
}

function checkUrl({ dataset, addIssue }: v.RawCheckContext<string>): void {
  if (!dataset.typed) return
  try {
    parseStageUrl(dataset.value)
  } catch (error) {
    addIssue({ message: error instanceof Error ? error.message : 'is wrong' })
  }
}

/** Of what is staged in, each needs a name of its own in the job's folder. */
function checkStagedNames({ dataset, addIssue }: v.RawCheckContext<string[]>): void {
  if (!dataset.typed || dataset.issues !== undefined) return
  const input = dataset.value
  const names = new Set<string>()
  for (const [key, value] of input.entries()) {
    const add = (): void => {
      const name = stagedName(parseStageUrl(value))
      if (names.has(name)) throw new SyntaxError(`has two things that are called ${name}`)
      names.add(name)
    }
    try {
      add()
    } catch (error) {
      addIssue({
        message: error instanceof Error ? error.message : 'is wrong',
        path: [{ type: 'array', origin: 'value', input, key, value }],
      })
    }
  }
}
