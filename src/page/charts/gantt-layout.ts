/** Lays out the chart of nodes: one band per node with one lane per concurrent run. Pure. */
import { type Dataset, NEVER } from '../../report/dataset.ts'

export interface Bar {
  readonly run: number
  readonly start: number
  readonly end: number
  /** From 0; a run on the whole node covers all its lanes. */
  readonly lane: number
  readonly isWhole: boolean
}

export interface Band {
  readonly node: string
  readonly lanes: number
  /** Sorted by start. */
  readonly bars: readonly Bar[]
}

/** @param chosen 1 for each visible job */
export function layOut({ runs, places, nodes, now }: Dataset, chosen: Uint8Array): Band[] {
  const byNode = nodes.map(() => [] as { run: number; start: number; end: number; isWhole: boolean }[])
  const order = runs.start.flatMap((_, run) => (chosen[runs.job[run] ?? 0] === 1 ? [run] : []))
  order.sort((one, other) => (runs.start[one] ?? 0) - (runs.start[other] ?? 0))
  for (const run of order) {
    const end = runs.end[run] ?? NEVER
    const where = places[runs.place[run] ?? -1] ?? []
    const bar = { run, start: runs.start[run] ?? 0, end: end === NEVER ? now : end, isWhole: where.length > 1 }
    for (const node of where) byNode[node]?.push(bar)
  }
  return byNode.map((bars, at) => ({ node: nodes[at] ?? '', ...assignLanes(bars) }))
}

function assignLanes(bars: readonly Omit<Bar, 'lane'>[]): { lanes: number; bars: Bar[] } {
  const ends: number[] = []
  const placed = bars.map((bar) => {
    if (bar.isWhole) return { ...bar, lane: 0 }
    let lane = ends.findIndex((end) => end <= bar.start)
    if (lane < 0) lane = ends.length
    ends[lane] = bar.end
    return { ...bar, lane }
  })
  return { lanes: Math.max(1, ends.length), bars: placed }
}
