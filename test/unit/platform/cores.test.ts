import { describe, expect, test } from 'vitest'
import { countCores, countCpusPerCore } from '../../../src/platform/schedulers/cores.ts'

/**
 * A machine of so many cores with two threads each, of which this process may use the first ones.
 */
const machine = (cores: number, allowed = cores) => ({
  allowed: Array.from({ length: allowed }, (_, core) => [core, core + cores]),
  cores,
  threads: cores * 2,
})

describe('whether a scheduler counts hardware threads', () => {
  test.each([
    [256, machine(128), 2],
    [128, machine(128), 1],
    // Half of the node, and this process is held to just that.
    [128, machine(128, 64), 2],
    [64, machine(128, 64), 1],
    [64, machine(128), 1],
    [4, { allowed: [[0], [1], [2], [3]], cores: 4, threads: 4 }, 1],
    // One thread of each core was given: each is a core.
    [64, { allowed: Array.from({ length: 64 }, (_, core) => [core]), cores: 128, threads: 256 }, 1],
    [8, { allowed: [], cores: 0, threads: 0 }, 1],
  ])('%s processors', (told, processors, perCore) => {
    expect(countCpusPerCore(told, processors)).toBe(perCore)
  })

  test('what is found on the own node holds for the others, and not for what the scheduler told', () => {
    const nodes = [{ name: 'a', cores: 256 }, { name: 'b', cores: 64 }, { name: 'c' }]
    const read = () => machine(128)
    expect(countCores(nodes, 'a', read)).toEqual([
      { name: 'a', cores: 128, cpusPerCore: 2 },
      { name: 'b', cores: 32, cpusPerCore: 2 },
      { name: 'c' },
    ])
    expect(countCores(nodes, 'elsewhere', read)).toEqual(nodes)
    const told = [{ name: 'a', cores: 256, cpusPerCore: 1 }]
    expect(countCores(told, 'a', read)).toEqual(told)
  })
})
