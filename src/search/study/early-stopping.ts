/**
 * Which evaluations are not worth going on with, by what they report while they run: asynchronous successive halving (Li et al. 2020, "A system
 * for massively parallel hyperparameter tuning", algorithm 2), in the form that stops the rest instead of pausing it, as Optuna's
 * SuccessiveHalvingPruner and Ray Tune do. No I/O.
 */
import type { Direction } from '../space/space.ts'

/** What an evaluation says of itself while it runs. */
export interface ProgressReport {
  /** How far it is: epochs, iterations, whatever it counts. */
  readonly step: number
  /** The objective as it is then; NaN where it has diverged. */
  readonly value: number
}

/** Why an evaluation is to be stopped: its value at a rung came `place`-th of `count`, 1 being the best. */
export interface Judgement extends ProgressReport {
  readonly place: number
  readonly count: number
}

/** Of those that reach a rung, one in so many goes on; each rung is so many times as far as the one before (Li et al. recommend 4). */
export const REDUCTION = 4

/** `STEP VALUE`, as in `12 0.347`; whatever follows is the writer's own. Undefined for any other line. */
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
  /** For each rung the report with which each evaluation reached it. */
  readonly #rungs: Map<number, ProgressReport>[] = []
  /** How many rungs each evaluation has reached. */
  readonly #reached = new Map<number, number>()

  /** @param firstStep the first rung: no evaluation is stopped before it */
  constructor(direction: Direction, firstStep: number) {
    this.#direction = direction
    this.#firstStep = firstStep
  }

  /** @returns whether evaluation `id` reached a rung with it, and is to be judged */
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

  /** The reports with which evaluation `id` reached its rungs, the first rung first. */
  listReports(id: number): ProgressReport[] {
    return this.#rungs.flatMap((rung) => rung.get(id) ?? [])
  }

  /**
   * Whether evaluation `id` is to be stopped at the last rung that it reached: undefined if it is among the best there, or the first to come. It
   * may be asked again when others have come, as after a restart.
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
