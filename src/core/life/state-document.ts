/**
 * The text of `state.yaml`: YAML of one fixed form, so that a person reads the answer on top, and reading 100,000 of them needs no general
 * parser. It ends in YAML's document end `...`: without it the file is torn (a node died before its data reached the server).
 */
import { siteError } from '../text/errors.ts'
import type { HistoryEntry, JobState } from './job-state.ts'
import { isState } from './states.ts'

const END = '...\n'
/** What YAML would not read back as the same plain words. */
const NEEDS_QUOTES = /: |:$| #|^\s|\s$|^$/

export function formatState(job: JobState): string {
  const lines = [`state: ${job.state}`, `attempt: ${job.attempt}`]
  if (job.launcher !== undefined) lines.push(`launcher: ${job.launcher}`)
  if (job.kill !== undefined) lines.push(`kill: ${JSON.stringify(job.kill)}`)
  if (job.notBefore !== undefined) lines.push(`not_before: ${job.notBefore}`)
  if (job.removed !== undefined) lines.push(`removed: ${JSON.stringify(job.removed)}`)
  if (job.amended !== undefined) lines.push(`amended: ${job.amended}`)
  lines.push(`revision: ${job.revision}`, 'history:')
  for (const entry of job.history) lines.push(formatEntry(entry))
  return `${lines.join('\n')}\n${END}`
}

function formatEntry(entry: HistoryEntry): string {
  const words = `${entry.time} ${entry.state} ${printable(entry.message)}`.trimEnd()
  if (words.includes('\n')) return `  - |-\n${words.replaceAll(/^/gm, '    ')}`
  return `  - ${NEEDS_QUOTES.test(words) ? JSON.stringify(words) : words}`
}

// oxlint-disable-next-line no-control-regex -- control characters are just what has to go
const UNPRINTABLE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]|[\uD800-\uDFFF]/gu

/** A program's output may hold anything; YAML may not. */
function printable(message: string): string {
  return message.replaceAll(/\r\n?/g, '\n').replaceAll(UNPRINTABLE, '\uFFFD').replaceAll('\t', '    ')
}

/**
 * @param path named in errors
 * @throws BjobError `torn-state` when the end is missing, `bad-state` when a line is not what bjob writes
 */
export function parseState(text: string, path: string): JobState {
  if (!text.endsWith(`\n${END}`)) {
    throw siteError('torn-state', 'state.yaml is cut off: its last line is not `...`', { path })
  }
  const lines = text.split('\n')
  const fields = new Map<string, string>()
  let at = 0
  for (; at < lines.length && lines[at] !== 'history:'; at++) {
    const [, key, value] = /^(\w+): ([^]*)$/.exec(lines[at] ?? '') ?? []
    if (key === undefined || value === undefined) throw badLine(path, at, 'is not `key: value`')
    fields.set(key, value)
  }
  const history: HistoryEntry[] = []
  for (at++; at < lines.length && lines[at] !== '...'; at++) {
    let words = (lines[at] ?? '').slice(4)
    const first = at
    if (words === '|-') {
      const block: string[] = []
      while (lines[at + 1]?.startsWith('    ') === true) block.push((lines[++at] ?? '').slice(4))
      words = block.join('\n')
    } else if (words.startsWith('"')) words = parseQuoted(words, path, at)
    const [, time, state, message] = /^(\S+) (\w+) ?([^]*)$/.exec(words) ?? []
    if (time === undefined || state === undefined || message === undefined || !isState(state))
      throw badLine(path, first, 'is not `- TIME STATE message`')
    history.push({ time, state, message })
  }
  const state = fields.get('state') ?? ''
  if (!isState(state))
    throw siteError('bad-state', `state ${JSON.stringify(state)} is not one of bjob's`, {
      path,
      line: 1,
      field: 'state',
    })
  const launcher = fields.get('launcher')
  const kill = fields.get('kill')
  const notBefore = fields.get('not_before')
  const removed = fields.get('removed')
  const amended = fields.get('amended')
  return {
    state,
    attempt: wholeNumber(fields.get('attempt'), 'attempt', path),
    ...(launcher === undefined ? {} : { launcher }),
    ...(kill === undefined ? {} : { kill: parseQuoted(kill, path, 0) }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(removed === undefined ? {} : { removed: parseQuoted(removed, path, 0) }),
    ...(amended === undefined ? {} : { amended }),
    revision: wholeNumber(fields.get('revision'), 'revision', path),
    history,
  }
}

function wholeNumber(text: string | undefined, field: string, path: string): number {
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw siteError(
      'bad-state',
      `${field} is ${text === undefined ? 'missing' : `${JSON.stringify(text)}, not a number`}`,
      { path, field },
    )
  }
  return Number(text)
}

function parseQuoted(text: string, path: string, at: number): string {
  try {
    return String(JSON.parse(text))
  } catch {
    throw badLine(path, at, 'has a broken quotation')
  }
}

function badLine(path: string, at: number, problem: string): Error {
  return siteError('bad-state', `state.yaml was changed by hand or damaged: line ${at + 1} ${problem}`, {
    path,
    line: at + 1,
  })
}
