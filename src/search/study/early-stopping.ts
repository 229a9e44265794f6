/**
 * Selects evaluations to stop by their reports: asynchronous successive halving (Li et al. 2020, "A
 * system for massively parallel hyperparameter tuning", algorithm 2), in the form that stops the
 * rest instead of pausing it, as in Optuna's SuccessiveHalvingPruner and Ray Tune. No I/O.
 */
import type { Direction } from '../space/space.ts'

/** An intermediate report of an evaluation. */
export interface ProgressReport {
  /** Progress in epochs, iterations or another unit. */
  readonly step: number
  /** The objective at that step; NaN if it has diverged. */
  readonly value: number
}

/**
 * The verdict against an evaluation: its value at a rung was `place` of `count`, 1 being the best.
 */
export interface Judgement extends ProgressReport {
  readonly place: number
  readonly count: number
}

/**
 * The fraction 1/REDUCTION of evaluations continues at a rung, and each rung is REDUCTION times as
 * far as the previous one (Li et al. recommend 4).
 */
export const REDUCTION = 4

/**
 * Parses `STEP VALUE`, such as `12 0.347`, ignoring the rest of the line. Undefined for any other
 * line.
 */
export function parseReport(line: string): ProgressReport | undefined {
  const [first = '', second] = line.trim().split(/[\s,;]+/)
  if (second === undefined || !/^\d+(\.\d+)?$/.test(first)) return undefined
  if (/^[+-]?(nan|inf|infinity)$/i.test(second)) return { step: Number(first), value: NaN }
  const value = Number(second)
  return Number.isFinite(value) ? { step: Number(first), value } : undefined
}

export class SuccessiveHalving {
  readonly #direction: Direction
  readonly #firstStep: number
  /** For each rung, the report with which each evaluation reached it. */
  readonly #rungs: Map<number, ProgressReport>[] = []
  /** Number of rungs reached, by evaluation. */
  readonly #reached = new Map<number, number>()

  /** @param firstStep the first rung: no evaluation is stopped before it */
  constructor(direction: Direction, firstStep: number) {
    this.#direction = direction
    this.#firstStep = firstStep
  }

  /** @returns true if evaluation `id` reached a rung and is to be judged */
  add(id: number, report: ProgressReport): boolean {
    const before = this.#reached.get(id) ?? 0
    let count = before
    while (report.step >= this.#firstStep * REDUCTION ** count) {
      const rung = (this.#rungs[count] ??= new Map<number, ProgressReport>())
      rung.set(id, report)
      count += 1
    }
    this.#reached.set(id, count)
    return count > before
  }

  /** The reports with which evaluation `id` reached its rungs, in order. */
  listReports(id: number): ProgressReport[] {
    return this.#rungs.flatMap((rung) => rung.get(id) ?? [])
  }

  /**
   * Judges evaluation `id` at its last rung: undefined if it is among the best there, or the first
   * to reach it. May be called again after other reports, or a restart.
   */
  judge(id: number): Judgement | undefined {
    const rung = this.#rungs[(this.#reached.get(id) ?? 0) - 1]
    const report = rung?.get(id)
    if (rung === undefined || report === undefined) return undefined
    const better = [...rung.values()].filter(({ value }) => this.#isBetter(value, report.value)).length
    const goesOn = better < Math.max(1, Math.floor(rung.size / REDUCTION)) && !Number.isNaN(report.value)
    return goesOn ? undefined : { ...report, place: better + 1, count: rung.size }
  }

  #isBetter(value: number, than: number): boolean {
    if (Number.isNaN(value)) return false
    return Number.isNaN(than) || (this.#direction === 'minimise' ? value < than : value > than)
  }
}
