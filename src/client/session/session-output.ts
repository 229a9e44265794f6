/** The lines that go to a driver: in order, those that are ready together in one write. */

export class SessionOutput {
  readonly #write: (text: string) => Promise<void>
  #lines: string[] = []
  #flush: Promise<boolean> | undefined
  #isBroken = false

  /** @param write resolves when the text has left; rejects when nobody reads any more */
  constructor(write: (text: string) => Promise<void>) {
    this.#write = write
  }

  /** @returns whether it has left this process; false when the driver has gone */
  async send(message: unknown): Promise<boolean> {
    this.#lines.push(`${JSON.stringify(message)}\n`)
    // What is being written is not added to; the next write takes all that came meanwhile.
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
