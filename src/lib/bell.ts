/** Waiting until somebody rings, or for some time. */
export class Bell {
  #hasRung = false
  #wake: (() => void) | undefined

  /** Ends the waiting, or the next one. */
  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  /** The rings so far are dealt with. */
  answer(): void {
    this.#hasRung = false
  }

  get hasRung(): boolean {
    return this.#hasRung
  }

  /** Resolves when it rings, after `ms`, or when `signal` fires. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#hasRung) await this.#pause(ms, true, signal)
  }

  /** As `wait`, but ringing does not end it: rings that come together are answered together. */
  async gather(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#pause(ms, false, signal)
  }

  /** A plain timer: an abort signal a ring would cost more than the reading does. */
  #pause(ms: number, isEndedByRing: boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
      if (isEndedByRing) this.#wake = done
      if (signal?.aborted === true) done()
    })
  }
}
