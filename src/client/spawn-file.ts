/** Reads files of spawn records, YAML or JSON Lines, and keeps the line of each so that a mistake can be found. */
import { type ErrorDetail, requestError } from '../core/errors.ts'
import { parseYaml } from '../core/yaml-text.ts'
import type { SpawnRecord } from './spawn-plan.ts'

/**
 * JSON Lines when its first line is a whole JSON object; otherwise YAML: a list of records, or one.
 * @param file named in errors
 * @throws BjobError `bad-yaml` with the line; a line that is no JSON is a record with a problem, reported with all others
 */
export function parseSpawnFile(text: string, file: string): SpawnRecord[] {
  return isJsonLines(text) ? parseLines(text, file) : parseYamlRecords(text, file)
}

function isJsonLines(text: string): boolean {
  const first = /^\s*(\{.*)$/m.exec(text.slice(0, 1_000_000))
  if (first === null || text.slice(0, first.index).trim() !== '') return false
  const line = first[1] ?? ''
  try {
    JSON.parse(line)
    return true
  } catch {
    // A line that begins as a JSON string key does is one with a mistake; anything else may be YAML's own braces.
    return /^\{\s*"/.test(line) && /\}\s*$/.test(line)
  }
}

function parseLines(text: string, file: string): SpawnRecord[] {
  const records: SpawnRecord[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const where: ErrorDetail = { path: file, line: index + 1 }
    try {
      records.push({ record: JSON.parse(line), locate: () => where })
    } catch (error) {
      records.push({
        record: undefined,
        problem: requestError(
          'bad-json',
          `is not JSON: ${error instanceof Error ? error.message : 'cannot be read'}`,
          where,
        ),
      })
    }
  }
  return records
}

function parseYamlRecords(text: string, file: string): SpawnRecord[] {
  const yaml = parseYaml(text, file)
  const { value } = yaml
  if (value === null || value === undefined) throw requestError('bad-yaml', 'has no jobs in it', { path: file })
  if (!Array.isArray(value)) return [{ record: value, locate: (field) => ({ path: file, ...yaml.locate(field) }) }]
  return value.map((record: unknown, index) => ({
    record,
    locate: (field) => ({ path: file, ...yaml.locate([index, ...field]) }),
  }))
}
