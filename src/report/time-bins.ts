/** Equal stretches of time that a figure over time is averaged or counted in. */
export interface TimeBins {
  /** Where the first begins, in the milliseconds of the data set. */
  readonly from: number
  readonly width: number
  readonly count: number
}

/** Widths that people read without reckoning, in ms. */
const WIDTHS = [
  100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 10_800e3,
  21_600e3, 43_200e3, 86_400e3, 172_800e3, 604_800e3,
]

/** At most `most` bins of a round width that cover `from` to `to`, the first of them beginning at `from`. */
export function binTime(from: number, to: number, most = 150): TimeBins {
  const length = Math.max(1, to - from)
  const width = WIDTHS.find((candidate) => length / candidate <= most) ?? Math.ceil(length / most)
  return { from, width, count: Math.max(1, Math.ceil(length / width)) }
}

/** The mean over each bin of a quantity that is the sum of `weight` over stretches of time. Exact: no time is lost between bins. */
export class BinnedMean {
  readonly #bins: TimeBins
  /** Weight × ms within the bin, of stretches that begin or end in it. */
  readonly #partial: Float64Array
  /** What is added from this bin on by stretches that cover bins whole. */
  readonly #step: Float64Array
  /** Weight × ms of all. */
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

/** Without what rounding left over: 1e-17 cores are none. */
function clean(value: number): number {
  return Number(value.toFixed(6))
}
