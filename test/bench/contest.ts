/**
 * Measures in turn (A B C, A B C, …): on a machine that others use, only what was measured side by
 * side can be compared.
 */
import type { Series } from './scenario.ts'

export interface Contestant {
  readonly what: string
  /** One round. @returns the sample */
  readonly run: (round: number) => Promise<number> | number
}

/**
 * Runs every contestant `rounds` times, after one round that is not counted.
 * @returns their samples, in the order given
 */
export async function compete(contestants: readonly Contestant[], rounds: number): Promise<Series[]> {
  const series = contestants.map(({ what }) => ({ what, samples: [] as number[] }))
  for (let round = -1; round < rounds; round++) {
    for (const [index, { run }] of contestants.entries()) {
      const sample = await run(round)
      if (round >= 0) series[index]?.samples.push(sample)
    }
  }
  return series
}
