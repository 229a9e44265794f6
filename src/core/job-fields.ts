/** What each field of `job.yaml` may hold. */
import * as z from 'zod'
import { once } from '../lib/once.ts'
import { splitShellWords } from '../lib/shell-words.ts'
import { hintFor } from './error-hints.ts'
import { problemOf, quoteName } from './id.ts'
import type { DEFAULTS } from './job-defaults.ts'
import { parseStageUrl, stagedName } from './stage-url.ts'

const count = once(() => z.int('must be a whole number').min(1, 'must be at least 1').max(1e9, 'is too large'))
const minutes = once(() =>
  z.number('must be a number of minutes').positive('must be more than 0').max(1e7, 'is too large'),
)
const flag = once(() => z.boolean('must be true or false'))
const plainText = once(() =>
  z.string('must be text').refine((text) => !text.includes('\0'), 'has a NUL character in it'),
)
const wordList = once(() => z.preprocess(splitWords, z.array(plainText(), 'must be a list of words')))
const nameText = once(() => z.preprocess(numberToText, z.string('must be text').superRefine(refineName)))
const textMap = once(() =>
  z.record(z.string(), z.preprocess(numberToText, plainText()), 'must be a map of names to text'),
)
const stageUrl = once(() => plainText().superRefine((text, context) => refineByParser(text, parseStageUrl, context)))
const innerPattern = once(() =>
  plainText()
    .min(1, 'has an empty pattern')
    .refine(
      (pattern) => !pattern.startsWith('/') && !pattern.split('/').includes('..'),
      "leads out of the job's folder",
    ),
)

/** A schema for each field of job.yaml, made when the first job has that field: most jobs have few, and making all takes a short command's time. */
export const JOB_FIELDS = {
  application: nameText,
  args: wordList,
  input_files: once(() =>
    z.preprocess(splitBlanks, z.array(plainText().min(1, 'has an empty pattern'), 'must be a list of file patterns')),
  ),
  input_mode: once(() => z.enum(['copy', 'link'], 'must be copy or link').optional()),
  stage_in_url: once(() =>
    z.preprocess(splitBlanks, z.array(stageUrl(), 'must be a list of URLs').superRefine(refineNames)),
  ),
  stage_out_url: once(() => z.preprocess((value) => (value === '' ? undefined : value), stageUrl().optional())),
  stage_out_files: once(() => z.preprocess(splitBlanks, z.array(innerPattern(), 'must be a list of file patterns'))),
  parents: once(() => z.preprocess(splitBlanks, z.array(plainText(), 'must be a list of ids'))),
  wait_for_parents: flag,
  description: plainText,
  tags: textMap,
  priority: once(() => z.int('must be a whole number').min(-1e6).max(1e6)),
  wall_time_minutes: minutes,
  timeout_minutes: once(() => minutes().optional()),
  num_nodes: count,
  ranks_per_node: count,
  threads_per_rank: count,
  threads_per_core: count,
  gpus_per_rank: once(() => z.int('must be a whole number').min(0, 'must be at least 0').max(1000)),
  node_packing_count: count,
  cpu_affinity: once(() => z.enum(['none', 'depth'], 'must be none or depth')),
  mpi_flags: wordList,
  environ_vars: once(() => z.preprocess(splitVariables, textMap().superRefine(refineVariables))),
  post_error_handler: flag,
  post_timeout_handler: flag,
  auto_timeout_retry: flag,
  max_retries: once(() => z.int('must be a whole number').min(0, 'must be at least 0').max(1e6)),
  retry_delay_seconds: once(() => z.number('must be a number of seconds').min(0, 'must be at least 0').max(86_400)),
} satisfies Record<keyof typeof DEFAULTS, () => z.ZodType>

/** What only the request of a job has beside those. */
export const SPAWN_FIELDS = {
  workflow: once(() => nameText().optional()),
  name: nameText,
  data: once(() => z.json().optional()),
}

function numberToText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value
}

function refineName(word: string, context: z.core.$RefinementCtx<string>): void {
  const problem = problemOf(word)
  if (problem === undefined) return
  context.addIssue({ code: 'custom', message: `${quoteName(word)} ${problem}`, params: { hint: hintFor('bad-name') } })
}

function splitWords(value: unknown, context: z.core.$RefinementCtx): unknown {
  if (Array.isArray(value)) return value.map(numberToText)
  if (typeof value !== 'string') return numberToText(value)
  try {
    return splitShellWords(value)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'cannot be split into words' })
    return z.NEVER
  }
}

function splitBlanks(value: unknown): unknown {
  return typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value
}

/** Reads Balsam's `A=1:B=2` and lists of `A=1` beside maps. */
function splitVariables(value: unknown, context: z.core.$RefinementCtx): unknown {
  const pairs = typeof value === 'string' ? value.split(':').filter((pair) => pair !== '') : value
  if (!Array.isArray(pairs)) return pairs
  const bad = pairs.find((pair) => typeof pair !== 'string' || !pair.includes('='))
  if (bad !== undefined) {
    context.addIssue({ code: 'custom', message: `has ${JSON.stringify(bad)}, which is not NAME=VALUE` })
    return z.NEVER
  }
  return Object.fromEntries(
    pairs.map((pair) => [
      String(pair).slice(0, String(pair).indexOf('=')),
      String(pair).slice(String(pair).indexOf('=') + 1),
    ]),
  )
}

function refineByParser(text: string, parse: (text: string) => unknown, context: z.core.$RefinementCtx): void {
  try {
    parse(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is wrong' })
  }
}

/** Of what is staged in, each needs a name of its own in the job's folder. */
function refineNames(urls: readonly string[], context: z.core.$RefinementCtx<readonly string[]>): void {
  const names = new Set<string>()
  for (const [at, url] of urls.entries()) {
    const add = (): void => {
      const name = stagedName(parseStageUrl(url))
      if (names.has(name)) throw new SyntaxError(`has two things that are called ${name}`)
      names.add(name)
    }
    try {
      add()
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is wrong', path: [at] })
    }
  }
}

function refineVariables(variables: Readonly<Record<string, string>>, context: z.core.$RefinementCtx): void {
  for (const name of Object.keys(variables)) {
    if (!/^[A-Za-z_]\w*$/.test(name))
      context.addIssue({
        code: 'custom',
        message: `has ${JSON.stringify(name)}, which is not a variable's name`,
        path: [name],
      })
  }
}
