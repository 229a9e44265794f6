/**
 * Random numbers that are reproducible from a seed on every machine. Each use has a named stream,
 * independent of the others, so that a search gives the same points after a crash.
 */
import { createHash } from 'node:crypto'

/**
 * The generator sfc32 of Chris Doty-Humphrey's PractRand (pracrand.sourceforge.net, "sfc": 128 bits
 * of state, of which a 32-bit counter guarantees a period of at least 2^32), seeded by the SHA-256
 * of the seed and the stream's name.
 */
export class RandomStream {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#seed = seed
    const digest = createHash('sha256').update(seed).digest()
    this.#a = digest.readInt32LE(0)
    this.#b = digest.readInt32LE(4)
    this.#c = digest.readInt32LE(8)
  }

  /** An independent stream that depends only on the seed and `name`. */
  substream(name: string): RandomStream {
    return new RandomStream(`${this.#seed}/${name}`)
  }

  /** Uniform in [0, 1), with 53 random bits. */
  uniform(): number {
    const high = this.#next() >>> 5
    const low = this.#next() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** A whole number from 0 to `count` - 1; `count` at most 2^53. */
  integer(count: number): number {
    return Math.floor(this.uniform() * count)
  }

  /**
   * Standard normal, by the polar method (Marsaglia and Bray 1964, "A convenient method for
   * generating normal variables").
   */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1
      const v = 2 * this.uniform() - 1
      const square = u * u + v * v
      if (square > 0 && square < 1) return u * Math.sqrt((-2 * Math.log(square)) / square)
    }
  }

  /** A copy of `items` in random order, sorted by random keys. */
  shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, key: this.uniform() }))
      .sort((one, other) => one.key - other.key)
      .map(({ item }) => item)
  }

  #next(): number {
    const next = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + next) | 0
    return next
  }
}
