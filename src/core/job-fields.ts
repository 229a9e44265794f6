/** What each field of `job.yaml` may hold. */
import * as z from 'zod'
import { once } from '../lib/once.ts'
import { splitShellWords } from '../lib/shell-words.ts'
import { hintFor } from './error-hints.ts'
import { problemOf, quoteName } from './id.ts'
import { DEFAULTS } from './job-defaults.ts'
import { parseStageUrl, stagedName } from './stage-url.ts'

/** A schema for each field, in the order in which job.yaml is written, and one for a name as it stands in an id. Most commands read no request, and need none. */
export const jobFields = once(() => {
  const count = z.int('must be a whole number').min(1, 'must be at least 1').max(1e9, 'is too large')
  const minutes = z.number('must be a number of minutes').positive('must be more than 0').max(1e7, 'is too large')
  const plainText = z.string('must be text').refine((text) => !text.includes('\0'), 'has a NUL character in it')
  const wordList = z.preprocess(splitWords, z.array(plainText, 'must be a list of words'))
  const nameText = z.preprocess(numberToText, z.string('must be text').superRefine(refineName))
  const textMap = z.record(z.string(), z.preprocess(numberToText, plainText), 'must be a map of names to text')

  const stageUrl = plainText.superRefine((text, context) => refineByParser(text, parseStageUrl, context))
  const innerPattern = plainText
    .min(1, 'has an empty pattern')
    .refine(
      (pattern) => !pattern.startsWith('/') && !pattern.split('/').includes('..'),
      "leads out of the job's folder",
    )

  const fields = {
    application: nameText,
    args: wordList.default(DEFAULTS.args),
    input_files: z
      .preprocess(splitBlanks, z.array(plainText.min(1, 'has an empty pattern'), 'must be a list of file patterns'))
      .default(DEFAULTS.input_files),
    input_mode: z.enum(['copy', 'link'], 'must be copy or link').optional(),
    stage_in_url: z
      .preprocess(splitBlanks, z.array(stageUrl, 'must be a list of URLs').superRefine(refineNames))
      .default(DEFAULTS.stage_in_url),
    stage_out_url: z.preprocess((value) => (value === '' ? undefined : value), stageUrl.optional()),
    stage_out_files: z
      .preprocess(splitBlanks, z.array(innerPattern, 'must be a list of file patterns'))
      .default(DEFAULTS.stage_out_files),
    parents: z.preprocess(splitBlanks, z.array(plainText, 'must be a list of ids')).default(DEFAULTS.parents),
    wait_for_parents: z.boolean('must be true or false').default(DEFAULTS.wait_for_parents),
    description: plainText.default(DEFAULTS.description),
    tags: textMap.default(DEFAULTS.tags),
    priority: z.int('must be a whole number').min(-1e6).max(1e6).default(DEFAULTS.priority),
    wall_time_minutes: minutes.default(DEFAULTS.wall_time_minutes),
    timeout_minutes: minutes.optional(),
    num_nodes: count.default(DEFAULTS.num_nodes),
    ranks_per_node: count.default(DEFAULTS.ranks_per_node),
    threads_per_rank: count.default(DEFAULTS.threads_per_rank),
    threads_per_core: count.default(DEFAULTS.threads_per_core),
    gpus_per_rank: z
      .int('must be a whole number')
      .min(0, 'must be at least 0')
      .max(1000)
      .default(DEFAULTS.gpus_per_rank),
    node_packing_count: count.default(DEFAULTS.node_packing_count),
    cpu_affinity: z.enum(['none', 'depth'], 'must be none or depth').default(DEFAULTS.cpu_affinity),
    mpi_flags: wordList.default(DEFAULTS.mpi_flags),
    environ_vars: z.preprocess(splitVariables, textMap.superRefine(refineVariables)).default(DEFAULTS.environ_vars),
    post_error_handler: z.boolean('must be true or false').default(DEFAULTS.post_error_handler),
    post_timeout_handler: z.boolean('must be true or false').default(DEFAULTS.post_timeout_handler),
    auto_timeout_retry: z.boolean('must be true or false').default(DEFAULTS.auto_timeout_retry),
    max_retries: z.int('must be a whole number').min(0, 'must be at least 0').max(1e6).default(DEFAULTS.max_retries),
    retry_delay_seconds: z
      .number('must be a number of seconds')
      .min(0, 'must be at least 0')
      .max(86_400)
      .default(DEFAULTS.retry_delay_seconds),
  }
  return { name: nameText, fields } satisfies { fields: Record<keyof typeof DEFAULTS, z.ZodType>; name: z.ZodType }
})

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
