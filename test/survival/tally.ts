/** Counts what ran, and says it: the figures that a suite is believed for. */
import { expect } from 'vitest'

/** Shortens or lengthens what has no natural end. */
export const MINUTES = Number(process.env['SURVIVAL_MINUTES'] ?? (process.env['SURVIVAL_LONG'] === '1' ? 10 : 1))

/**
 * Runs `act` on each of `items`, `width` at a time: what waits in one point costs the others
 * nothing.
 */
export async function forAll<T>(items: Iterable<T>, width: number, act: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let step = iterator.next(); step.done !== true; step = iterator.next()) await act(step.value)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Fails when `act` has not come to its end in time: something waits for ever. */
export async function within<T>(seconds: number, what: string, act: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done within ${seconds} s`)), seconds * 1000)
  })
  try {
    return await Promise.race([act, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * On a loaded machine a point that only waits a minute of its own clock may take one of
 * everybody's.
 */
const FOR_EVER_SECONDS = 180

/** The failures at the points of one suite. */
export class Tally {
  points = 0
  readonly failures: string[] = []

  async point(where: string, act: () => Promise<void>): Promise<void> {
    this.points += 1
    try {
      await within(FOR_EVER_SECONDS, where, act())
    } catch (error) {
      this.failures.push(
        `${where}: ${error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 24).join('\n') : String(error)}`,
      )
    }
  }

  add({ points, failures }: Tally): void {
    this.points += points
    this.failures.push(...failures)
  }

  /** Says what ran, and fails unless there were points and all of them held. */
  conclude(what: string): void {
    say(this.summary(what))
    expect(this.failures.join('\n\n'), `${this.failures.length} of ${this.points}`).toBe('')
    expect(this.points, `${what}: points`).toBeGreaterThan(0)
  }

  /**
   * Lost: something that should be there is not; double: it is there twice; the rest is told in
   * full by the failures.
   */
  summary(what: string): string {
    const lost = this.failures.filter((text) =>
      /lost|never delivered|does not get each end once|is not /.test(text),
    ).length
    const double = this.failures.filter((text) => /delivered \d+ times|twice|went from/.test(text)).length
    return `${what}: ${this.points} points, lost: ${lost}, double: ${double}, other faults: ${this.failures.length - lost - double}`
  }
}
