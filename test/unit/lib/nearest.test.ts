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

test.each([
  ['walltime', 'wall_time_minutes'],
  ['--walltime', '--wall-time-minutes'],
  ['wal', undefined],
  ['num_', undefined],
])('an abbreviation names the only word that begins so: %j means %j', (word, meant) => {
  const fields = ['wall_time_minutes', 'num_nodes', 'num_ranks_and_more']
  expect(nearestWord(word, word.startsWith('--') ? fields.map((one) => `--${one.replaceAll('_', '-')}`) : fields)).toBe(
    meant,
  )
})

test('a short word is near another if one letter differs', () => {
  expect(nearestWord('lg', ['log'])).toBe('log')
  expect(nearestWord('foo', ['log'])).toBeUndefined()
})

test('nothing is near where nothing is known', () => {
  expect(nearestWord('a', [])).toBeUndefined()
})
