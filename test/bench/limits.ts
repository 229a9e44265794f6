/** The limits of the machine, measured by a C program if there is a compiler. */
import path from 'node:path'
import { hasCommand } from '../../src/lib/process/run-command.ts'
import { runToEnd } from './bench-command.ts'
import type { Bench } from './scenario.ts'

/** Its program, or `undefined` (and a note) where none can be made. */
export async function buildLimits(bench: Bench): Promise<string | undefined> {
  const [place] = bench.places
  if (place === undefined) return undefined
  if (!hasCommand('cc')) {
    bench.lacks('a C compiler (cc)')
    return undefined
  }
  const program = path.join(place.folder, 'limits')
  await runToEnd(['cc', '-O2', '-o', program, path.resolve('test/bench/limits.c')])
  return program
}

/** @returns the seconds that it took, without its own start */
export async function runLimit(program: string, words: readonly string[]): Promise<number> {
  return Number((await runToEnd([program, ...words])).stdout)
}
