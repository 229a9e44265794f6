import path from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { checkName, jobId, nameProblem, splitId } from '../../../src/core/job/id.ts'

const names = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.,+=@%^~-]{0,199}$/)

describe('a name', () => {
  test.each([
    ['', 'is empty'],
    ['a/b', 'contains a /'],
    ['../x', 'contains a /'],
    ['..', 'starts with .'],
    ['.hidden', 'starts with .'],
    ['-rf', 'starts with -'],
    ['a b', 'contains a blank or a control character'],
    ['a\nb', 'contains a blank or a control character'],
    ['a\u0007b', 'contains a blank or a control character'],
    ['a\u007Fb', 'contains'],
    ['x'.repeat(201), 'has 201 characters'],
    ['😀', 'contains 😀'],
    ['naïve', 'contains ï'],
    ['a;b', 'contains ;'],
    ['a$b', 'contains $'],
    ['a*b', 'contains *'],
    ['a:b', 'contains :'],
    ['+a', 'starts with +'],
    ['~a', 'starts with ~'],
  ])('%j is refused: %s', (word, problem) => {
    expect(nameProblem(word)).toContain(problem)
    expect(() => checkName('name', word)).toThrow(problem)
  })

  test.prop([names])('of the allowed characters is taken as it is, and is one folder', (name) => {
    expect(checkName('name', name)).toBe(name)
    expect(path.join('/jobs', name)).toBe(`/jobs/${name}`)
  })

  test.prop([fc.oneof(names, fc.string({ unit: 'binary', maxLength: 3 }), fc.string({ unit: 'binary' }))])(
    'that is taken never leaves its folder, hides, or looks like an option',
    (word) => {
      if (nameProblem(word) !== undefined) return
      expect(path.dirname(path.join('/jobs', word))).toBe('/jobs')
      expect(path.basename(path.join('/jobs', word))).toBe(word)
      expect(word).toMatch(/^[^.-]/)
      expect(Buffer.byteLength(word)).toBeLessThanOrEqual(200)
    },
  )

  test.prop([fc.string({ unit: 'binary', minLength: 1 })])('that is refused is refused in one short line', (word) => {
    if (nameProblem(word) === undefined) return
    const message = messageOf(() => checkName('name', word))
    expect(message.length).toBeLessThan(500)
    expect(message).not.toContain('\n')
  })
})

describe('an id', () => {
  test.prop([names, names])('is workflow and name, and splits into them again', (workflow, name) => {
    expect(splitId(jobId(workflow, name))).toEqual({ workflow, name })
    expect(splitId(name)).toEqual({ workflow: 'default', name })
  })

  test.each([['a/b/c'], ['a//b'], ['/a'], ['a/'], [''], ['../x'], ['a/..'], ['./a'], ['a/.b']])('%j is none', (id) => {
    expect(() => splitId(id)).toThrow()
  })
})

function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return ''
}
