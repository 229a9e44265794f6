import { expect, test } from 'vitest'
import { parseCpuList } from '../../../src/lib/process/cpu-list.ts'
import { pinCommand } from '../../../src/launch/agent/pinning.ts'

test('processor lists as the kernel writes them', () => {
  expect(parseCpuList('0-2,8,10-11')).toEqual([0, 1, 2, 8, 10, 11])
  for (const nothing of ['', 'all', '1-', '1;2']) expect(parseCpuList(nothing)).toEqual([])
})

test('positions count the processors that there are; the kernel`s own numbers stay', () => {
  const allowed = [8, 9, 12]
  expect(pinCommand(['a', '-c'], { cores: [0, 2], areNumbers: false }, allowed)).toEqual([
    'taskset',
    '--cpu-list',
    '8,12',
    'a',
    '-c',
  ])
  expect(pinCommand(['a'], { cores: [9], areNumbers: true }, allowed)).toEqual(['taskset', '--cpu-list', '9', 'a'])
  // More cores are given out than there are: sharing them fairly is the kernel's to do.
  expect(pinCommand(['a'], { cores: [2, 3], areNumbers: false }, allowed)).toEqual(['a'])
})
