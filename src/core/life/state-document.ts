/**
 * The text of `state.yaml`: YAML in a fixed form with the state on top, which needs no general
 * parser for 100,000 files. A history entry has its message and, as the last line of a block, its
 * event as a JSON object, which alone is parsed. The file ends in YAML's document end `...`;
 * without it the file is torn (a node died before its data reached the server).
 *
 * bjob 0.1 reads this form too: it takes an event for a line of the message, and ignores `format`.
 * Its launchers can therefore run beside newer ones, and write format 1.
 */
import { siteError } from '../text/errors.ts'
import { FORMATS, checkFormat } from '../text/formats.ts'
import { defined } from '../../lib/defined.ts'
import { findEventProblem } from './event-codec.ts'
import { ownLines, wordsOf } from './event-words.ts'
import { earlyStopOf, entryOfWords } from './format-one.ts'
import type { EarlyStop, HistoryEvent } from './history-event.ts'
import { isDeathKind } from './deaths.ts'
import type { HistoryEntry, JobState } from './job-state.ts'
import { isState } from './states.ts'

const END = '...\n'
const HISTORY = '\nhistory:\n'
const BLOCK = '  - |-'
const INDENT = '    '
/** Text that YAML would not read back unchanged. */
const NEEDS_QUOTES = /: |:$| #|^\s|\s$|^$/

export function formatState(job: JobState): string {
  const lines = [`state: ${job.state}`, `attempt: ${job.attempt}`]
  if (job.launcher !== undefined) lines.push(`launcher: ${job.launcher}`)
  if (job.kill !== undefined) lines.push(`kill: ${JSON.stringify(job.kill)}`)
  if (job.early !== undefined) lines.push(`early: ${JSON.stringify(job.early)}`)
  if (job.notBefore !== undefined) lines.push(`not_before: ${job.notBefore}`)
  if (job.deaths !== undefined) lines.push(`deaths: ${job.deaths.join(' ')}`)
  if (job.removed !== undefined) lines.push(`removed: ${JSON.stringify(job.removed)}`)
  if (job.amended !== undefined) lines.push(`amended: ${job.amended}`)
  lines.push(`revision: ${job.revision}`, `format: ${FORMATS.state}`, 'history:')
  for (const entry of job.history) lines.push(formatEntry(entry))
  return `${lines.join('\n')}\n${END}`
}

function formatEntry(entry: HistoryEntry): string {
  const { time, state, event } = entry
  const words = `${time} ${state} ${printable(wordsOf(entry))}`.trimEnd()
  if (event !== undefined) return `${BLOCK}\n${indent(words)}\n${INDENT}${formatEvent(event)}`
  if (!words.includes('\n')) return `  - ${NEEDS_QUOTES.test(words) ? JSON.stringify(words) : words}`
  // The indented line is not taken for an event, which never starts with a blank.
  return `${BLOCK}\n${indent(words.replace(/\n(\{.*)$/, '\n $1'))}`
}

function indent(text: string): string {
  return text.includes('\n') ? text.replaceAll(/^/gm, INDENT) : `${INDENT}${text}`
}

// oxlint-disable-next-line no-control-regex -- control characters are just what has to go
const UNPRINTABLE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]|[\uD800-\uDFFF]/gu

/** Most messages and events need no clean-up. */
const PLAIN = /^[ -~]*$/

/** Removes characters that YAML does not allow. */
function printable(message: string): string {
  if (PLAIN.test(message)) return message
  return message.replaceAll(/\r\n?/g, '\n').replaceAll(UNPRINTABLE, '\uFFFD').replaceAll('\t', '    ')
}

/** JSON, which is a YAML flow map if its characters are allowed. */
function formatEvent(event: HistoryEvent): string {
  const text = JSON.stringify(event)
  if (PLAIN.test(text)) return text
  return text.replaceAll(
    UNPRINTABLE,
    (character) => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * @param path for error messages
 * @throws BjobError `torn-state` if the end is missing, `bad-state` for an invalid line,
 *   `newer-format`
 */
export function parseState(text: string, path: string): JobState {
  if (!text.endsWith(`\n${END}`)) {
    throw siteError('torn-state', 'state.yaml is truncated: its last line is not `...`', { path })
  }
  const head = text.indexOf(HISTORY)
  const fields = parseFields(head < 0 ? text.slice(0, -END.length - 1) : text.slice(0, head), path)
  const format = Number(fields.get('format') ?? 1)
  checkFormat('state', format, path)
  if (!(format >= 1)) throw badField('format', 'is not a number', path)
  if (head < 0) throw badLine(path, fields.size, 'is not followed by `history:`')
  const history = parseHistory(text, head + HISTORY.length, fields.size + 1, format, path)
  const state = fields.get('state') ?? ''
  if (!isState(state))
    throw siteError('bad-state', `state ${JSON.stringify(state)} is unknown`, {
      path,
      line: 1,
      field: 'state',
    })
  const kill = parseOptional(fields.get('kill'), path)
  return defined({
    state,
    attempt: wholeNumber(fields.get('attempt'), 'attempt', path),
    launcher: fields.get('launcher'),
    kill,
    early: parseEarlyStop(fields.get('early'), format === 1 ? kill : undefined, path),
    notBefore: fields.get('not_before'),
    deaths: fields.get('deaths')?.split(' ').filter(isDeathKind),
    removed: parseOptional(fields.get('removed'), path),
    amended: fields.get('amended'),
    revision: wholeNumber(fields.get('revision'), 'revision', path),
    history,
  })
}

function parseFields(text: string, path: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [at, line] of text.split('\n').entries()) {
    const colon = line.indexOf(': ')
    const key = line.slice(0, Math.max(0, colon))
    if (!/^\w+$/.test(key)) throw badLine(path, at, 'is not `key: value`')
    fields.set(key, line.slice(colon + 2))
  }
  return fields
}

/** @param from offset of the first entry, in line `firstLine` (from 0) */
function parseHistory(text: string, from: number, firstLine: number, format: number, path: string): HistoryEntry[] {
  const history: HistoryEntry[] = []
  const lines = text.slice(from, -END.length).split('\n')
  // The last line ends with a newline.
  for (let at = 0; at < lines.length - 1; at++) {
    const line = lines[at] ?? ''
    const first = at
    const words: string[] = []
    if (line === BLOCK) while (lines[at + 1]?.startsWith(INDENT) === true) words.push((lines[++at] ?? '').slice(4))
    else words.push(line.startsWith('  - "') ? parseQuoted(line.slice(4), path, firstLine + at) : line.slice(4))
    history.push(parseEntry(words, format, path, firstLine + first))
  }
  return history
}

function parseEntry(words: readonly string[], format: number, path: string, line: number): HistoryEntry {
  const [first = '', ...others] = words
  const afterTime = first.indexOf(' ')
  const time = first.slice(0, Math.max(0, afterTime))
  const afterState = first.indexOf(' ', afterTime + 1)
  const end = afterState < 0 ? first.length : afterState
  const state = first.slice(afterTime + 1, end)
  if (time === '' || !isState(state)) throw badLine(path, line, 'is not `- TIME STATE message`')
  const said = first.slice(end + 1)
  if (format === 1) return entryOfWords(time, state, [said, ...others].join('\n'))
  if (words.length === 1) return said === '' ? { time, state } : { time, state, message: said }
  const isFact = others.at(-1)?.startsWith('{') === true
  if (!isFact) return { time, state, message: [said, ...others].join('\n') }
  const event = parseEvent(others.at(-1) ?? '', path, line + words.length)
  const own = ownLines(event)
  if (others.length <= own) return { time, state, event }
  const message = [said, ...others.slice(0, -1)].slice(own).join('\n')
  return message === '' ? { time, state, event } : { time, state, event, message }
}

function parseEvent(text: string, path: string, line: number): HistoryEvent {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    throw badLine(path, line, 'has an event that is not a JSON object')
  }
  const problem = findEventProblem(event)
  if (problem !== undefined) throw badLine(path, line, `has an event that ${problem}`)
  return event as HistoryEvent
}

/** @param kill source of the kill request, in a file without a separate record */
function parseEarlyStop(text: string | undefined, kill: string | undefined, path: string): EarlyStop | undefined {
  if (text === undefined) return kill === undefined ? undefined : earlyStopOf(kill)
  try {
    const early = JSON.parse(text) as EarlyStop
    if (findEventProblem({ kind: 'stopped-early', ...early }) === undefined) return early
  } catch {
    // Reported below.
  }
  throw badField('early', `is not an early-stopping record: ${text}`, path)
}

function wholeNumber(text: string | undefined, field: string, path: string): number {
  if (text === undefined || !/^\d{1,15}$/.test(text))
    throw badField(field, `is ${text === undefined ? 'missing' : `${JSON.stringify(text)}, not a number`}`, path)
  return Number(text)
}

function parseOptional(text: string | undefined, path: string): string | undefined {
  return text === undefined ? undefined : parseQuoted(text, path, 0)
}

function parseQuoted(text: string, path: string, at: number): string {
  try {
    return String(JSON.parse(text))
  } catch {
    throw badLine(path, at, 'has an unterminated or invalid quoted text')
  }
}

function badField(field: string, problem: string, path: string): Error {
  return siteError('bad-state', `${field} ${problem}`, { path, field })
}

function badLine(path: string, at: number, problem: string): Error {
  return siteError('bad-state', `state.yaml is damaged or was edited by hand: line ${at + 1} ${problem}`, {
    path,
    line: at + 1,
  })
}
