/** The period shown by all time charts: the reader selects it in one chart, and all follow. */
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

  /** Calls `listener` after each change. @returns a function that removes it */
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

  /** Sets the whole period after a new selection of jobs. */
  replace(whole: Range): void {
    if (whole.from === this.#whole.from && whole.to === this.#whole.to) return
    this.#whole = whole
    this.reset()
  }
}
