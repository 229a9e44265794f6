/** The lines to a driver, in order; lines that are ready together share a write. */

export class SessionOutput {
  readonly #write: (text: string) => Promise<void>
  #lines: string[] = []
  #flush: Promise<boolean> | undefined
  #isBroken = false

  /** @param write resolves when the text is written; rejects when the driver is gone */
  constructor(write: (text: string) => Promise<void>) {
    this.#write = write
  }

  /** @returns true when it is written; false if the driver is gone */
  async send(message: unknown): Promise<boolean> {
    this.#lines.push(`${JSON.stringify(message)}\n`)
    // The current write is fixed; the next one takes all lines queued meanwhile.
    this.#flush = (this.#flush ?? Promise.resolve(true)).then(() => this.#writeAll())
    return this.#flush
  }

  async settled(): Promise<void> {
    await this.#flush
  }

  async #writeAll(): Promise<boolean> {
    if (this.#lines.length === 0 || this.#isBroken) return !this.#isBroken
    const text = this.#lines.join('')
    this.#lines = []
    try {
      await this.#write(text)
    } catch {
      this.#isBroken = true
    }
    return !this.#isBroken
  }
}
