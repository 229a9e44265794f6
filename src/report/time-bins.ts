/** Equal intervals of time for figures over time. */
export interface TimeBins {
  /** Start of the first bin, in the milliseconds of the data set. */
  readonly from: number
  readonly width: number
  readonly count: number
}

/** Round widths in ms. */
const WIDTHS = [
  100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 10_800e3,
  21_600e3, 43_200e3, 86_400e3, 172_800e3, 604_800e3,
]

/** At most `most` bins of a round width that cover `from` to `to`, starting at `from`. */
export function binTime(from: number, to: number, most = 150): TimeBins {
  const length = Math.max(1, to - from)
  const width = WIDTHS.find((candidate) => length / candidate <= most) ?? Math.ceil(length / most)
  return { from, width, count: Math.max(1, Math.ceil(length / width)) }
}

/** The exact mean over each bin of a quantity that sums `weight` over intervals of time. */
export class BinnedMean {
  readonly #bins: TimeBins
  /** Weight × ms within the bin of intervals that start or end in it. */
  readonly #partial: Float64Array
  /** Increment, from this bin on, by intervals that cover whole bins. */
  readonly #step: Float64Array
  /** Sum of weight × ms. */
  total = 0

  constructor(bins: TimeBins) {
    this.#bins = bins
    this.#partial = new Float64Array(bins.count)
    this.#step = new Float64Array(bins.count + 1)
  }

  add(start: number, end: number, weight: number): void {
    const { from, width, count } = this.#bins
    const [low, high] = [Math.max(start, from), Math.min(end, from + width * count)]
    if (!(high > low) || weight === 0) return
    this.total += (high - low) * weight
    const first = Math.min(count - 1, Math.floor((low - from) / width))
    const last = Math.min(count - 1, Math.floor((high - from) / width))
    if (first === last) {
      addTo(this.#partial, first, (high - low) * weight)
      return
    }
    addTo(this.#partial, first, (from + (first + 1) * width - low) * weight)
    addTo(this.#partial, last, (high - (from + last * width)) * weight)
    addTo(this.#step, first + 1, weight)
    addTo(this.#step, last, -weight)
  }

  means(): number[] {
    const { width } = this.#bins
    let level = 0
    return Array.from(this.#partial, (partial, bin) => {
      level += this.#step[bin] ?? 0
      return clean(partial / width + level)
    })
  }
}

function addTo(list: Float64Array, at: number, amount: number): void {
  list[at] = (list[at] ?? 0) + amount
}

/** Removes rounding errors such as 1e-17 cores. */
function clean(value: number): number {
  return Number(value.toFixed(6))
}
