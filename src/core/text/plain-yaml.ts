/**
 * The simple YAML that bjob and most people write: `name: word`, lists of words below a name, and
 * comments. It needs no general parser, which takes longer to load than a short command takes to
 * run, and a hundred times as long per file.
 */

const KEY = /^([A-Za-z][A-Za-z0-9_]*):(?: (.+))?$/
const NAME = /^[A-Za-z][A-Za-z0-9_]*$/
const ITEM = /^ {2}- (.+)$/
const EMPTY = /^ *(?:#.*)?$/
/** Text that YAML reads as the same text and writes unquoted, unless it is a number. */
const TEXT = /^(?:(?:--?)?[A-Za-z]|[0-9/])(?:[A-Za-z0-9_./=[\]-]|:(?=[^ ]))*(?: (?:[A-Za-z0-9_./=[\]-]|:(?=[^ ]))+)*$/
const NUMBER_LIKE = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?$|^0[ox]/i
const CONSTANT = /^(?:null|true|false)$/i
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/
/** Text that needs quotes to not be a number or a constant. */
const IN_QUOTES = /^(?:-?[0-9]+(?:\.[0-9]+)?|null|Null|NULL|true|True|TRUE|false|False|FALSE)$/
/** One line of ASCII in quotes, without escapes. */
const QUOTED = /^(?:"([ !#-[\]-~]*)"|'([ -&(-~]*)')$/

/**
 * @returns the value, null for an empty text; `undefined` if the text has anything else, including
 *   errors
 */
export function parsePlainYaml(text: string): Readonly<Record<string, unknown>> | null | undefined {
  const record: Record<string, unknown> = {}
  let isEmpty = true
  let list: unknown[] | undefined
  for (const line of text.split('\n')) {
    if (EMPTY.test(line)) continue
    const item = ITEM.exec(line)?.[1]
    if (item !== undefined) {
      const word = parseWord(item)
      if (list === undefined || word === undefined) return undefined
      list.push(word)
      continue
    }
    const [, key, value] = KEY.exec(line) ?? []
    if (key === undefined || CONSTANT.test(key) || Object.hasOwn(record, key) || list?.length === 0) return undefined
    list = value === undefined ? [] : undefined
    const content = value === undefined ? list : parseWord(value)
    if (content === undefined) return undefined
    record[key] = content
    isEmpty = false
  }
  if (list?.length === 0) return undefined
  return isEmpty ? null : record
}

function parseWord(word: string): string | number | boolean | undefined {
  if (INTEGER.test(word)) return Number(word)
  if (word === 'true' || word === 'false') return word === 'true'
  if (isPlain(word)) return word
  const [, inDouble, inSingle] = QUOTED.exec(word) ?? []
  return inDouble ?? inSingle
}

/** The lines of one field; `undefined` if its name or value is not simple. */
export function formatPlainField(name: string, value: unknown): string | undefined {
  if (!NAME.test(name) || CONSTANT.test(name)) return undefined
  const word = formatWord(value)
  if (word !== undefined) return `${name}: ${word}\n`
  if (!Array.isArray(value) || value.length === 0) return undefined
  const words = value.map(formatWord)
  return words.includes(undefined) ? undefined : `${name}:\n${words.map((one) => `  - ${one}\n`).join('')}`
}

function formatWord(value: unknown): string | undefined {
  if (typeof value === 'boolean' || (Number.isSafeInteger(value) && !Object.is(value, -0))) return String(value)
  if (typeof value !== 'string') return undefined
  if (IN_QUOTES.test(value)) return `"${value}"`
  return isPlain(value) ? value : undefined
}

function isPlain(word: string): boolean {
  return TEXT.test(word) && !CONSTANT.test(word) && !NUMBER_LIKE.test(word)
}
