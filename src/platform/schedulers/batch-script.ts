/**
 * Fills in the template of a batch script. Users edit the template, so it stays readable as a
 * script: `{{name}}` is the only syntax, and a directive without a value is dropped with its line.
 */
import { requestError } from '../../core/text/errors.ts'

/** A list is the words of a command; `lines` are whole script lines; undefined means not given. */
export type TemplateValue = string | number | readonly string[] | TemplateLines | TemplatePath | undefined

export interface TemplateLines {
  readonly lines: readonly string[]
}

/** `directive`: the path as written in a directive; undefined if it cannot be written there. */
export interface TemplatePath {
  readonly path: string
  readonly directive: string | undefined
}

const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g

/**
 * Renders a batch script. On a line that starts with `#` (a directive), a value is inserted
 * verbatim, must not contain a blank, quote or control character, and if undefined drops the line.
 * Elsewhere values are quoted for the shell, lists word by word, and undefined inserts nothing.
 * `lines` must stand on their own line: extra directives, set-up commands.
 * @param path path of the template, for messages
 * @throws BjobError `unknown-variable` or `bad-template-value`, with the line number
 */
export function renderBatchScript(
  template: string,
  values: Readonly<Record<string, TemplateValue>>,
  path?: string,
): string {
  const lines = template.split('\n').flatMap((text, at) => renderLine({ text, number: at + 1, path }, values))
  return lines.join('\n')
}

interface Line {
  readonly text: string
  readonly number: number
  readonly path: string | undefined
}

function renderLine(line: Line, values: Readonly<Record<string, TemplateValue>>): string[] {
  const names = [...line.text.matchAll(VARIABLE)].map(([, name]) => name ?? '')
  if (names.length === 0) return [line.text]
  for (const name of names) {
    if (Object.hasOwn(values, name)) continue
    throw requestError('unknown-variable', `line ${line.number}: {{${name}}} is not a variable of a batch script`, {
      ...locate(line),
      hint: `Use ${Object.keys(values)
        .map((known) => `{{${known}}}`)
        .join(' ')}.`,
    })
  }
  const value = values[names[0] ?? '']
  const isAlone = names.length === 1 && /^\s*\{\{[^{}]*\}\}\s*$/.test(line.text)
  if (isAlone && value === undefined) return []
  if (isAlone && isLines(value)) return value.lines.map((text) => checkLine(names[0] ?? '', text, line))
  const isDirective = line.text.trimStart().startsWith('#')
  if (isDirective && names.some((name) => values[name] === undefined)) return []
  return [
    line.text.replaceAll(VARIABLE, (_whole, name: string) => {
      const value = values[name]
      return isDirective ? formatDirective(name, value, line) : quoteValue(name, value, line)
    }),
  ]
}

function isLines(value: TemplateValue): value is TemplateLines {
  return typeof value === 'object' && 'lines' in value
}

function isPath(value: TemplateValue): value is TemplatePath {
  return typeof value === 'object' && 'path' in value
}

function formatDirective(name: string, value: TemplateValue, line: Line): string {
  if (isPath(value)) {
    if (value.directive !== undefined) return value.directive
    throw badValue(name, value.path, "the scheduler would misread the path; move the site's folder", line)
  }
  const text = toWords(name, value, line).join(',')
  if (text === '' || /[\s'"`\\]/.test(text) || text.includes('\0')) {
    throw badValue(name, text, 'a directive cannot contain a blank, quote or backslash', line)
  }
  return text
}

function toWords(name: string, value: TemplateValue, line: Line): readonly string[] {
  if (value === undefined) return []
  if (isLines(value))
    throw badValue(name, value.lines.join(' '), 'a variable that stands for whole lines needs its own line', line)
  if (isPath(value)) return [value.path]
  return typeof value === 'object' ? value : [String(value)]
}

function quoteValue(name: string, value: TemplateValue, line: Line): string {
  const words = toWords(name, value, line)
  const bad = words.find((word) => word.includes('\0') || word.includes('\n'))
  if (bad !== undefined) throw badValue(name, bad, 'it contains a line break', line)
  return words.map(quoteWord).join(' ')
}

/** Quotes a word for a POSIX shell, if needed. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function checkLine(name: string, text: string, line: Line): string {
  if (/[\0\n\r]/.test(text)) throw badValue(name, text, 'an entry must be one line', line)
  return text
}

function badValue(name: string, text: string, reason: string, line: Line): Error {
  return requestError(
    'bad-template-value',
    `line ${line.number}: {{${name}}} cannot be '${text}': ${reason}`,
    locate(line),
  )
}

function locate(line: Line): { line: number; path?: string } {
  return { line: line.number, ...(line.path !== undefined && { path: line.path }) }
}
