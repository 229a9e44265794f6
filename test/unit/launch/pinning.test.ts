import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { groupByCore, parseCpuList, readOnlineCpus } from '../../../src/lib/process/cpu-list.ts'
import { pinCommand } from '../../../src/launch/agent/pinning.ts'

test('processor lists as the kernel writes them', () => {
  expect(parseCpuList('0-2,8,10-11')).toEqual([0, 1, 2, 8, 10, 11])
  for (const nothing of ['', 'all', '1-', '1;2']) expect(parseCpuList(nothing)).toEqual([])
})

test('processors that share a core are grouped', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-cpus-'))
  for (const [cpu, siblings] of Object.entries({ 0: '0,4', 1: '1,5', 4: '0,4', 5: '1,5' })) {
    const topology = path.join(folder, `cpu${cpu}`, 'topology')
    fs.mkdirSync(topology, { recursive: true })
    fs.writeFileSync(path.join(topology, 'thread_siblings_list'), `${siblings}\n`)
  }
  expect(groupByCore([0, 1, 4, 5], folder)).toEqual([
    [0, 4],
    [1, 5],
  ])
  expect(groupByCore([1, 4], folder)).toEqual([[1], [4]])
  expect(groupByCore([7, 8], folder)).toEqual([[7], [8]])
  fs.rmSync(folder, { recursive: true })
  // This machine's own.
  expect(
    groupByCore(readOnlineCpus())
      .flat()
      .sort((a, b) => a - b),
  ).toEqual(readOnlineCpus())
})

test('positions count the cores that there are, with all of their threads; the kernel`s own numbers stay', () => {
  const taskset = (cpus: string) => ['taskset', '--cpu-list', cpus, 'a']
  const pin = (cores: readonly number[], allowed: readonly (readonly number[])[], total = allowed.length) =>
    pinCommand(['a'], { cores, areNumbers: false, total }, allowed)
  expect(pin([0, 2], [[8], [9], [12]])).toEqual(taskset('8,12'))
  const threaded = [
    [0, 4],
    [1, 5],
  ]
  expect(pin([1], threaded)).toEqual(taskset('1,5'))
  // A site that counts threads.
  expect(pin([1], threaded, 4)).toEqual(taskset('4'))
  expect(pinCommand(['a'], { cores: [9], areNumbers: true, total: 4 }, threaded)).toEqual(taskset('9'))
  // More cores are given out than there are: sharing them fairly is the kernel's to do.
  expect(pin([2, 3], [[8], [9], [12]])).toEqual(['a'])
})
