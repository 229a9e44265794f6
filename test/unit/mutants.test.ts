/** Each mutant of the survival suites still fits its source. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { MUTANTS } from '../survival/mutant.ts'

test.each(Object.entries(MUTANTS))('the mutant %s fits its source', (_, { file, from }) => {
  const text = fs.readFileSync(path.resolve(import.meta.dirname, '../../src', file), 'utf8')
  expect(text.split(from)).toHaveLength(2)
})
