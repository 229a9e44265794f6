/**
 * `bjob --complete`: completes the word before the cursor for the scripts of `bjob completion`. It
 * never prints errors.
 */
import { splitShellWords } from '../../lib/text/shell-words.ts'
import type { Command, Session } from '../command/command.ts'
import { COMMANDS } from '../command-table.ts'
import type { Option } from '../command/option.ts'
import { takesRest } from '../command/parser.ts'
import { type FileKind, wordsFor } from './placeholders.ts'

interface Candidate {
  readonly word: string
  readonly summary?: string
}

/**
 * Prints one candidate per line, for zsh and fish with a tab and a description; or `:files` or
 * `:folders`, which the shell completes itself.
 * @param words the shell; the line up to the cursor; and the last word as split by bash, at `=` and
 *   `@`
 */
export async function complete([shell, line = '', text]: readonly string[], { terminal, packageRoot }: Session) {
  const [, ...words] = readLine(line)
  const typed = words.pop() ?? ''
  // Errors would appear in the middle of the line.
  const found = await candidatesFor(words, typed, packageRoot).catch(() => [])
  if (typeof found === 'string') return terminal.write(`${found}\n`)
  const fitting = found.filter(({ word }) => word.startsWith(typed))
  const known = text !== undefined && typed.endsWith(text) ? typed.length - text.length : 0
  const isDescribed = shell !== 'bash' && fitting.some(({ summary }) => summary !== undefined)
  await terminal.write(
    fitting.map(({ word, summary = '' }) => `${word.slice(known)}${isDescribed ? `\t${summary}` : ''}\n`).join(''),
  )
}

/** The words of a line that may end inside a word or a quotation. */
function readLine(line: string): string[] {
  for (const end of ['', "'", '"']) {
    try {
      const words = splitShellWords(line + end)
      return end === '' && /(^|[^\\])\s$/.test(line) ? [...words, ''] : words
    } catch {
      // The other kind of quotation is open.
    }
  }
  return []
}

async function candidatesFor(
  words: readonly string[],
  typed: string,
  packageRoot: string,
): Promise<readonly Candidate[] | FileKind> {
  const [name, ...rest] = words
  const commands = COMMANDS.map((entry) => ({ word: entry.name, summary: entry.summary }))
  if (name === undefined) return typed.startsWith('-') ? [{ word: '--help' }, { word: '--version' }] : commands
  if (name === 'help' || name === '--help') return rest.length === 0 ? commands : []
  const entry = COMMANDS.find((candidate) => candidate.name === name)
  if (entry === undefined) return []
  return candidatesOf(await entry.load(), rest, typed, packageRoot)
}

async function candidatesOf(
  command: Command,
  words: readonly string[],
  typed: string,
  packageRoot: string,
): Promise<readonly Candidate[] | FileKind> {
  const before: string[] = []
  let wanted: Option | undefined
  let isPastOptions = false
  for (const word of words) {
    if (isPastOptions) before.push(word)
    else if (wanted !== undefined) wanted = undefined
    else if (word === '--') isPastOptions = true
    else if (word.startsWith('-') && word !== '-') wanted = word.includes('=') ? undefined : valued(command, word)
    else before.push(word)
  }
  const ask = async (placeholder: string, start: string): Promise<readonly Candidate[] | FileKind> => {
    const context = { typed: typed.slice(start.length), before, packageRoot }
    const found = await wordsFor(placeholder, context)
    return typeof found === 'string' ? found : found.map((word) => ({ word: start + word }))
  }
  if (wanted?.value !== undefined) return ask(wanted.value, '')
  const askForWord = async () => ask(placesAt(command.words, before.length).join('|'), '')
  if (isPastOptions) return takesRest(command) ? ':files' : askForWord()
  const [, flag = ''] = /^(--[a-z-]+=)/.exec(typed) ?? []
  const value = flag === '' ? undefined : valued(command, flag.slice(0, -1))?.value
  if (value !== undefined) return ask(value, flag)
  if (typed.startsWith('-'))
    return [
      ...command.options.map((option) => ({ word: `--${option.name}`, summary: option.summary })),
      { word: '--help', summary: 'show the help of this command' },
    ]
  return askForWord()
}

/** The option of that flag, if it takes a value. */
function valued({ options }: Command, flag: string): Option | undefined {
  return options.find(
    ({ name, alias, also = [], value }) =>
      value !== undefined &&
      [`--${name}`, `--${alias}`, `-${alias}`, ...also].includes(flag) &&
      (alias !== undefined || flag === `--${name}` || also.includes(flag)),
  )
}

/**
 * The placeholders for the word at `position` in a usage such as `[ID…] FIELD=VALUE…`.
 * @returns those of the position, and of later ones if it is optional or repeatable
 */
export function placesAt(usage: string, position: number): string[] {
  const places: string[] = []
  let left = position
  for (const part of usage.replace(/\[?-- .*/, '').split(' ')) {
    const place = part.replaceAll(/\[[A-Z]+:\]|[[\]\u2026]/g, '')
    if (place === '') continue
    const isRepeated = part.includes('…')
    if (left > 0 && !isRepeated) {
      left -= 1
      continue
    }
    places.push(place)
    if (!isRepeated && !part.startsWith('[')) break
  }
  return places
}
