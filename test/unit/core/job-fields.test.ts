/** The documents list what the table of fields has: README, and the Python module. */
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ALL_FIELDS, JOB_FIELDS, type JobField } from '../../../src/core/job/job-fields.ts'

const read = (file: string): string => fs.readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')

function defaultText({ default: value }: JobField): string {
  return typeof value === 'number' || typeof value === 'boolean' || value === 'none' ? String(value) : ''
}

describe('the fields of a job', () => {
  test('stand in README as the table has them', () => {
    const fields: [string, JobField][] = Object.entries(JOB_FIELDS)
    const rows = fields.map(([name, field]) => {
      const meaning = field.details === undefined ? field.summary : `${field.summary}. ${field.details}`
      return `| \`${name}\` | ${defaultText(field)} | ${meaning} |`.replace('|  |', '| |')
    })
    const [, section = ''] = read('README.md').split('\n## The fields of a job\n')
    const table = section.split('\n').filter((line) => line.startsWith('| `'))
    expect(table.slice(0, rows.length)).toEqual(rows)
    expect(section).toContain(`${rows.at(-1) ?? ''}\n\n`)
  })

  test("stand in the Python module's help", () => {
    const [, list = ''] = /\n +fields: ([^.]+)\./.exec(read('templates/python/bjob.py')) ?? []
    expect(list.split(/,\s+/)).toEqual(Object.keys(ALL_FIELDS))
  })
})
