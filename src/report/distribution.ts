/**
 * Quantiles and a histogram of durations, on a logarithmic scale because they range from
 * milliseconds to days.
 */
export interface Distribution {
  readonly count: number
  /** In seconds; 0 without data. */
  readonly mean: number
  readonly min: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  /** Bin edges in seconds, one more than there are counts. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
}

const BINS_PER_DECADE = 6
/** Shorter durations, in seconds, fall into the first bin. */
const SHORTEST = 0.01

/** @param seconds in any order */
export function describeSeconds(seconds: readonly number[]): Distribution {
  const sorted = Float64Array.from(seconds).sort()
  const quantile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  const sum = sorted.reduce((total, value) => total + value, 0)
  const { edges, counts } = makeHistogram(sorted)
  return {
    count: sorted.length,
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    min: sorted[0] ?? 0,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    max: sorted.at(-1) ?? 0,
    edges,
    counts,
  }
}

function makeHistogram(sorted: Float64Array): { edges: number[]; counts: number[] } {
  const last = sorted.at(-1)
  if (last === undefined) return { edges: [], counts: [] }
  const low = binOf(sorted[0] ?? 0)
  const high = binOf(last)
  const counts = Array.from({ length: high - low + 1 }, () => 0)
  for (const value of sorted) counts[binOf(value) - low] = (counts[binOf(value) - low] ?? 0) + 1
  const edges = Array.from({ length: counts.length + 1 }, (_, at) => edgeOf(low + at))
  return { edges, counts }
}

function binOf(seconds: number): number {
  return Math.floor(Math.log10(Math.max(SHORTEST, seconds)) * BINS_PER_DECADE + 1e-9)
}

function edgeOf(bin: number): number {
  return Number((10 ** (bin / BINS_PER_DECADE)).toPrecision(4))
}
