import { expect, test } from 'vitest'
import { nearestWord } from '../../../src/lib/text/nearest.ts'

test.each([
  ['RUNING', 'RUNNING'],
  ['running', 'RUNNING'],
  ['FAILD', 'FAILED'],
  ['xyzzy', undefined],
  ['', undefined],
])('of RUNNING, READY, FAILED, %j means %j', (word, meant) => {
  expect(nearestWord(word, ['RUNNING', 'READY', 'FAILED'])).toBe(meant)
})

test('nothing is near where nothing is known', () => {
  expect(nearestWord('a', [])).toBeUndefined()
})
