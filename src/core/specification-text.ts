/**
 * The text of job.yaml: the same that `formatYaml` makes, which is too slow for thousands of jobs a second, as are its words that are no plain ones.
 * Made from what the journal has, it also tells whether a job.yaml is still as it was written, without parsing it.
 */
import type { SpecificationRecord } from './specification.ts'
import { formatYaml } from './yaml-text.ts'

/** What YAML reads back as the same text, and what it writes in quotes as it would be a number otherwise. */
const PLAIN = /^(?:--?)?[A-Za-z][A-Za-z0-9_./=-]*$/
const CONSTANT = /^(?:null|true|false)$/i
const NUMBER = /^-?[0-9]+(?:\.[0-9]+)?$/

export function formatSpecification(record: SpecificationRecord): string {
  let text = ''
  for (const [name, value] of Object.entries(record)) text += formatField(name, value)
  return text === '' ? formatYaml(record) : text
}

function formatField(name: string, value: unknown): string {
  const word = formatWord(value)
  if (word !== undefined) return `${name}: ${word}\n`
  const words = Array.isArray(value) && value.length > 0 ? value.map(formatWord) : [undefined]
  return words.includes(undefined)
    ? formatYaml({ [name]: value })
    : `${name}:\n${words.map((one) => `  - ${one}\n`).join('')}`
}

function formatWord(value: unknown): string | undefined {
  if (typeof value === 'boolean' || (Number.isSafeInteger(value) && !Object.is(value, -0))) return String(value)
  if (typeof value !== 'string') return undefined
  if (NUMBER.test(value)) return `"${value}"`
  return PLAIN.test(value) && !CONSTANT.test(value) ? value : undefined
}
