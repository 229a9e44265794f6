/** Figures as lines for a terminal and as the tables that stand in README. */
import { type Budget, type Figure, useOfBudget } from './scenario.ts'

/** Everything that one run of the bench has found. */
export interface Outcome {
  readonly machine: string
  /** When it was measured, or the last part of it: YYYY-MM-DD. */
  readonly date: string
  readonly isSmall: boolean
  readonly notes: readonly string[]
  readonly results: readonly Result[]
}

export interface Result extends Figure {
  readonly scenario: string
}

/** `a   81.2 ms (79.0–90.1)   1.25 × node -e 0 (65.1 ms)   at most 1.3 ×: met` */
export function formatFigure(figure: Figure): string {
  const { what, unit, value, samples, against, budget } = figure
  const spread = samples.length > 1 ? ` (${short(Math.min(...samples))}–${short(Math.max(...samples))})` : ''
  const ratio =
    against === undefined ? '' : `   ${short(against.ratio)} × ${against.what} (${short(against.value)} ${unit})`
  const verdict = budget === undefined ? '' : `   ${formatBudget(budget, unit)}: ${isMet(figure) ? 'met' : 'missed'}`
  return `${what.padEnd(48)} ${short(value)} ${unit}${spread}${ratio}${verdict}`
}

function isMet(figure: Figure): boolean {
  return (useOfBudget(figure) ?? 0) <= 1
}

function formatBudget({ of, bound, limit }: Budget, unit: string): string {
  return `at ${bound} ${of === 'ratio' ? `${short(limit)} ×` : `${short(limit)} ${unit}`}`
}

/** The budgets, and how fast jobs and their like run, as README shows them. */
export function formatTables({ machine, date, results }: Outcome): string {
  const budgets = results.filter(({ budget }) => budget !== undefined)
  const rates = results.filter(({ scenario }) => scenario === 'throughput')
  const rows = budgets.map((figure) => [
    `${figure.scenario}: ${figure.what.replace(/^bjob:? /, '')}`,
    figure.budget === undefined ? '' : formatBudget(figure.budget, figure.unit),
    `${short(figure.value)} ${figure.unit}`,
    figure.against === undefined ? '' : `${short(figure.against.ratio)} × ${figure.against.what}`,
    isMet(figure) ? 'yes' : '**no**',
  ])
  const rateRows = rates.map(({ what, value, against }) => [
    what,
    short(value),
    against === undefined ? '1' : short(against.ratio),
  ])
  return [
    `Medians, ${date}: ${machine}.`,
    formatTable(['budget of', 'allowed', 'measured', 'beside, in the same rounds', 'met'], rows),
    formatTable(['trivial jobs', 'a second', '× xargs'], rateRows),
  ].join('\n\n')
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Three digits that count. */
export function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()
}
