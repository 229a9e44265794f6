/** The stretch of time that all charts over time show: the reader draws over one of them, and all follow. */
export interface Range {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
}

export class TimeWindow {
  #whole: Range
  #range: Range
  readonly #listeners = new Set<() => void>()

  constructor(whole: Range) {
    this.#whole = whole
    this.#range = whole
  }

  get range(): Range {
    return this.#range
  }

  get isZoomed(): boolean {
    return this.#range !== this.#whole
  }

  /** Calls `listener` after each change, until the function that it returns is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  zoom(range: Range): void {
    if (!(range.to > range.from)) return
    const from = Math.max(this.#whole.from, range.from)
    const to = Math.min(this.#whole.to, range.to)
    this.#range = to > from ? { from, to } : this.#whole
    for (const listener of this.#listeners) listener()
  }

  reset(): void {
    this.#range = this.#whole
    for (const listener of this.#listeners) listener()
  }

  /** Other jobs are looked at: the whole is another. */
  replace(whole: Range): void {
    if (whole.from === this.#whole.from && whole.to === this.#whole.to) return
    this.#whole = whole
    this.reset()
  }
}
