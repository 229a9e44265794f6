/** The schemas of the fields: allowed values, and the spellings that are converted to them. */
import * as v from 'valibot'
import { finite, isObject, mapOf, whole } from '../../lib/shapes.ts'
import { splitShellWords } from '../../lib/text/shell-words.ts'
import { LOSS, Written, isBlurred, toWord } from '../../lib/text/written.ts'
import { DURATION_FORMS, type TimeUnit, parseDuration } from '../text/duration.ts'
import { nameProblem, quoteName } from './id.ts'
import { parseStageUrl, stagedName } from './stage-url.ts'

const wholeNumber = whole('must be a whole number')

export const flag = v.boolean('must be true or false')
export const count = v.pipe(wholeNumber, v.minValue(1, 'must be at least 1'), v.maxValue(1e9, 'is too large'))
export const minutes = v.pipe(
  durationIn('minutes'),
  v.gtValue(0, 'must be more than 0'),
  v.maxValue(1e7, 'is too large'),
)
export const seconds = v.pipe(
  durationIn('seconds'),
  v.minValue(0, 'must be at least 0'),
  v.maxValue(86_400, 'must be at most 86400'),
)

/** A number of `unit`, or a text such as `1:00:00`. */
function durationIn(unit: TimeUnit) {
  return v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === 'string' ? parseDuration(value, unit) : value)),
    finite(`must be a number of ${unit}, or a time such as ${DURATION_FORMS}`),
  )
}

/** A whole number within limits. */
export const between = (least: number, most: number, tooLarge = 'is too large') =>
  v.pipe(wholeNumber, v.minValue(least, `must be at least ${least}`), v.maxValue(most, tooLarge))

const textMessage = ({ input }: v.StringIssue): string =>
  typeof input === 'number' && isBlurred(input) ? LOSS : 'must be text'
/** A value accepted as text. */
type Word = string | number | boolean
const anyText = v.pipe(
  v.custom<Word>(() => true),
  v.transform((value: Word) => toWord(value)),
  v.string(textMessage),
)

export const plainText = v.pipe(
  anyText,
  v.check((text) => !text.includes('\0'), 'contains a NUL character'),
)
export const nameText = v.pipe(
  anyText,
  v.check(isName, ({ input }) => `${quoteName(input)} ${nameProblem(input) ?? 'is wrong'}`),
)
/** A list of words; text is split like a shell command. */
export const wordList = v.pipe(v.unknown(), v.rawTransform(splitWords), v.array(plainText, 'must be a list of words'))

/** A list; text is split at blanks. */
export const blankList = <const Item extends v.GenericSchema<Word, string>>(item: Item, message: string) =>
  v.pipe(v.unknown(), v.transform(splitBlanks), v.array(item, message))

const pattern = v.pipe(plainText, v.nonEmpty('has an empty pattern'))
const innerPattern = v.pipe(
  pattern,
  v.check((text) => !text.startsWith('/') && !text.split('/').includes('..'), "leads out of the job's folder"),
)
export const patterns = blankList(pattern, 'must be a list of file patterns')
/** File patterns inside the job's folder. */
export const innerPatterns = blankList(innerPattern, 'must be a list of file patterns')

const stageUrl = v.pipe(plainText, v.rawCheck(checkUrl))
export const stageUrls = v.pipe(blankList(stageUrl, 'must be a list of URLs'), v.rawCheck(checkStagedNames))
/** One URL; empty text means none. */
export const optionalStageUrl = v.pipe(
  v.unknown(),
  v.transform((value) => (value === '' ? undefined : value)),
  v.optional(stageUrl),
)

const mapMessage = 'must be a map of names to text'
const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_]\w*$/, ({ input }) => `contains ${JSON.stringify(input)}, which is not a variable name`),
)
export const textMap = mapOf(v.string(), plainText, mapMessage)
export const variableMap = v.pipe(
  v.unknown(),
  v.rawTransform(splitVariables),
  mapOf(variableName, plainText, mapMessage),
)

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

const jsonMessage = 'must be JSON: text, a number, true, false, null, a list or a map'
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
/** Any JSON value. */
export const json: v.GenericSchema<unknown, Json> = v.lazy((value) => {
  if (Array.isArray(value)) return v.array(json)
  if (value instanceof Written) return writtenJson
  if (typeof value === 'number') return exactNumber
  return isObject(value) ? mapOf(v.string(), json, jsonMessage) : plainJson
})

/** True if `word` is a valid name of a job, a workflow or an application. */
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

/** Accepts Balsam's `A=1:B=2`, lists of `A=1`, and maps. */
function splitVariables({ dataset: { value }, addIssue, NEVER }: v.RawTransformContext<unknown>): unknown {
  const pairs = typeof value === 'string' ? value.split(':').filter((pair) => pair !== '') : value
  if (!Array.isArray(pairs)) return pairs
  const bad = pairs.find((pair) => typeof pair !== 'string' || !pair.includes('='))
  if (bad !== undefined) {
    addIssue({ message: `contains ${JSON.stringify(bad)}, which is not NAME=VALUE` })
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

/** Names of staged files must be unique in the job's folder. */
function checkStagedNames({ dataset, addIssue }: v.RawCheckContext<string[]>): void {
  if (!dataset.typed || dataset.issues !== undefined) return
  const input = dataset.value
  const names = new Set<string>()
  for (const [key, value] of input.entries()) {
    const add = (): void => {
      const name = stagedName(parseStageUrl(value))
      if (names.has(name)) throw new SyntaxError(`has two entries named ${name}`)
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
