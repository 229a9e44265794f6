/**
 * Reads files of spawn records, YAML or JSON Lines, bjob's own or Balsam's, with the line of each
 * record.
 */
import { BjobError, type ErrorDetail, requestError } from '../../core/text/errors.ts'
import { parseJson } from '../../core/text/json-text.ts'
import { type YamlText, parseYaml } from '../../core/text/yaml-text.ts'
import type { ReadLine } from '../../lib/text/line-splitter.ts'
import { isBalsamRecord, translateBalsam } from './balsam-record.ts'
import type { SpawnRecord } from './spawn-plan.ts'

/**
 * JSON Lines if the first line is a complete JSON object; otherwise YAML: a list of records, or
 * one.
 * @param file for error messages
 * @throws BjobError `bad-yaml` with the line; an invalid line of JSON is a record with a problem,
 *   reported with all others
 */
export function parseSpawnFile(text: string, file: string): readonly SpawnRecord[] {
  const records = isJsonLines(text) ? parseLines(text, file) : (parseDump(text, file) ?? parseYamlRecords(text, file))
  return translateBalsam(records)
}

/**
 * A longer JSON list comes from a program: line numbers are useless, and YAML would take seconds.
 */
const DUMP_LENGTH = 1_000_000

function parseDump(text: string, file: string): SpawnRecord[] | undefined {
  if (text.length < DUMP_LENGTH || !text.trimStart().startsWith('[')) return undefined
  try {
    const records = parseJson(text) as unknown[]
    return records.map((record, index) => ({ record, locate: () => ({ path: `${file}, record ${index + 1}` }) }))
  } catch (error) {
    throw requestError('bad-json', `is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`, {
      path: file,
    })
  }
}

const COMMANDS_HINT = 'if each line is a command, use --format commands'

function isJsonLines(text: string): boolean {
  const first = /^\s*(\{.*)$/m.exec(text.slice(0, 1_000_000))
  if (first === null || text.slice(0, first.index).trim() !== '') return false
  const line = first[1] ?? ''
  try {
    JSON.parse(line)
    return true
  } catch {
    // A line that starts like a JSON string key is an invalid record; others may be YAML flow maps.
    return /^\{\s*"/.test(line) && /\}\s*$/.test(line)
  }
}

function parseLines(text: string, file: string): SpawnRecord[] {
  return text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [parseLine({ text: line }, index, file)]))
}

function parseLine(line: ReadLine, index: number, file: string): SpawnRecord {
  const where: ErrorDetail = { path: file, line: index + 1 }
  if ('problem' in line)
    return { record: undefined, problem: requestError('bad-json', `line ${index + 1} ${line.problem}`, where) }
  try {
    return { record: parseJson(line.text), locate: () => where }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'cannot be read'
    return { record: undefined, problem: requestError('bad-json', `is not JSON: ${reason}`, where) }
  }
}

/**
 * True if a file with this start can be read line by line: JSON Lines of bjob. Balsam's exports are
 * read whole.
 */
export function isReadByLines(head: string): boolean {
  return isJsonLines(head) && !isBalsamRecord(parseLine({ text: /\S.*/.exec(head)?.[0] ?? '' }, 0, '').record)
}

/** Like `parseSpawnFile`, for JSON Lines in a stream. */
export async function* parseSpawnLines(lines: AsyncIterable<ReadLine>, file: string): AsyncGenerator<SpawnRecord> {
  let index = 0
  for await (const line of lines) {
    if ('problem' in line || line.text.trim() !== '') yield parseLine(line, index, file)
    index += 1
  }
}

function parseYamlRecords(text: string, file: string): SpawnRecord[] {
  const yaml = parseDocument(text, file)
  const { written: value } = yaml
  if (typeof value === 'string') throw requestError('bad-yaml', 'has no records', { path: file, hint: COMMANDS_HINT })
  if (value === null || value === undefined) throw requestError('bad-yaml', 'has no jobs', { path: file })
  if (!Array.isArray(value)) return [{ record: value, locate: (field) => ({ path: file, ...yaml.locate(field) }) }]
  return value.map((record: unknown, index) => ({
    record,
    locate: (field) => ({ path: file, ...yaml.locate([index, ...field]) }),
  }))
}

function parseDocument(text: string, file: string): YamlText {
  try {
    return parseYaml(text, file)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const isMeantAsRecords = /^\s*[[{-]/.test(text)
    throw isMeantAsRecords
      ? error
      : new BjobError(error.kind, error.code, error.message, { hint: COMMANDS_HINT, ...error.detail })
  }
}
