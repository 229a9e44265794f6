/**
 * Quasi-random search: points that cover the cube more evenly than random ones. It also starts the
 * models.
 */
import type { RandomStream } from '../../lib/random-stream.ts'
import type { History } from './trial-history.ts'
import { decodePoint, type Point } from '../space/point.ts'
import type { Strategy } from './sampler.ts'
import type { Space } from '../space/space.ts'

/**
 * Halton's sequence with randomly permuted digits, a separate permutation for each position and
 * dimension (Owen 2017, "A randomized Halton algorithm in R"): uniform, without tables, and with
 * random access.
 */
export class HaltonSequence {
  readonly #bases: readonly number[]
  readonly #random: RandomStream
  readonly #permutations = new Map<string, readonly number[]>()

  constructor(dimensions: number, random: RandomStream) {
    this.#bases = listPrimes(dimensions)
    this.#random = random
  }

  /** The coordinates, each in [0, 1), of point number `index` from 0. */
  point(index: number): number[] {
    return this.#bases.map((base, dimension) => {
      let coordinate = 0
      let remaining = index
      let scale = 1 / base
      // Leading zeros are permuted too, down to digits that no longer change a double.
      for (let position = 0; scale > 2 ** -53; position++, scale /= base) {
        coordinate += scale * (this.#permutation(dimension, position, base)[remaining % base] ?? 0)
        remaining = Math.floor(remaining / base)
      }
      return Math.min(coordinate, 1 - 2 ** -53)
    })
  }

  #permutation(dimension: number, position: number, base: number): readonly number[] {
    const name = `digit ${dimension}.${position}`
    let permutation = this.#permutations.get(name)
    if (!permutation) {
      permutation = this.#random.substream(name).shuffle(Array.from({ length: base }, (_, digit) => digit))
      this.#permutations.set(name, permutation)
    }
    return permutation
  }
}

/** Trial `id` is point `id` of the sequence. */
export class QuasiRandomStrategy implements Strategy {
  readonly #space: Space
  readonly #sequence: HaltonSequence

  constructor(space: Space, random: RandomStream) {
    this.#space = space
    this.#sequence = new HaltonSequence(space.parameters.length, random.substream('halton'))
  }

  propose(_history: History, id: number): Point {
    return decodePoint(this.#space, this.#sequence.point(id))
  }
}

function listPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  return primes
}
