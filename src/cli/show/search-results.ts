/** The results of a search, for people and programs. */
import { csvRow } from '../../lib/text/csv.ts'
import { formatValue } from '../../search/space/parameter.ts'
import type { SearchEnd } from '../../search/study/driver.ts'
import type { Evaluation, Study } from '../../search/study/study.ts'
import { formatNumber, valuesOf } from './search-progress.ts'
import type { Terminal } from '../terminal/terminal.ts'

const SHOWN = 10

const WHY: Readonly<Record<SearchEnd, string>> = {
  evaluations: 'all evaluations are done',
  target: 'the target is reached',
  patience: 'no improvement within the patience',
  exhausted: 'every point of the space is evaluated',
  time: 'the time limit is reached',
  interrupted: 'interrupted',
}

/** The best points as a table; with several objectives, the Pareto front. */
export async function showBest(study: Study, terminal: Terminal): Promise<void> {
  const { parameters, further } = study.search.space
  const best = further.length > 0 ? study.listFront() : study.listBest().slice(0, SHOWN)
  if (best.length === 0) return
  const names = parameters.map(({ name }) => name)
  await terminal.table(
    ['evaluation', ...objectivesOf(study), ...names],
    best.map(({ name, result, point }) => [
      name,
      ...valuesOf(result).map(formatNumber),
      ...names.map((parameter) => valueText(point[parameter])),
    ]),
  )
}

function objectivesOf({ search: { space } }: Study): string[] {
  return [space.objective ?? 'value', ...space.further.map(({ field }) => field)]
}

function valueText(value: Evaluation['point'][string] | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'number' ? formatNumber(value) : formatValue(value)
}

/** Evaluations with values, best first; then stopped, failed, and unknown ones. */
export function bestFirst(study: Study): Evaluation[] {
  const { evaluations } = study
  const ofKind = (kind: string | undefined): Evaluation[] => evaluations.filter(({ result }) => result?.kind === kind)
  return [...study.listBest(), ...ofKind('stopped'), ...ofKind('failed'), ...ofKind(undefined)]
}

/** An evaluation as a JSON object. */
export function recordOfEvaluation({ id, name, point, result }: Evaluation, workflow: string): Record<string, unknown> {
  return {
    id: `${workflow}/${name}`,
    trial: id,
    point,
    value: result?.kind === 'value' ? result.value : null,
    ...(result?.kind === 'value' && result.further !== undefined ? { further: result.further } : {}),
    ...(result?.kind === 'failed' ? { failure: result.reason } : {}),
    ...(result?.kind === 'stopped' ? { stopped: { step: result.step, value: result.value } } : {}),
    ended: result !== undefined,
  }
}

/**
 * All evaluations as CSV (RFC 4180) in the order of their points. `outcome` is value, stopped,
 * failed or pending; `value` of a stopped one is its report at `step`; inactive parameters are
 * empty.
 */
export function formatCsv(study: Study, workflow: string): string {
  const names = study.search.space.parameters.map(({ name }) => name)
  const objectives = objectivesOf(study)
  const rows = study.evaluations.map(({ name, point, result }) => [
    `${workflow}/${name}`,
    result?.kind ?? 'pending',
    ...objectives.map((_, at) =>
      result !== undefined && result.kind !== 'failed' ? String(valuesOf(result)[at] ?? '') : '',
    ),
    result?.kind === 'stopped' ? String(result.step) : '',
    result?.kind === 'failed' ? result.reason : '',
    ...names.map((parameter) => {
      const value = point[parameter]
      return value === undefined ? '' : formatValue(value)
    }),
  ])
  const header = ['id', 'outcome', ...objectives, 'step', 'failure', ...names]
  return [header, ...rows].map(csvRow).join('')
}

/** The reason for the end, a summary of the evaluations, and the failures. */
export function lastWords(study: Study, end: SearchEnd, workflow: string): string {
  const { endCount, failureCount, stoppedCount, pendingCount } = study
  const stopped = stoppedCount > 0 ? `${stoppedCount} of them stopped early, ` : ''
  const lines = [
    `bjob: ${WHY[end]}: ${endCount} ended, ${stopped}${failureCount}${stopped === '' ? ' of them' : ''} failed${failureCount > 0 ? ':' : ''}`,
  ]
  const failed = study.evaluations.filter(({ result }) => result?.kind === 'failed')
  for (const { name, result } of failed.slice(0, SHOWN))
    lines.push(`  ${workflow}/${name}: ${result?.kind === 'failed' ? result.reason : ''}`)
  if (failed.length > SHOWN) lines.push(`  and ${failed.length - SHOWN} more (--json and --csv list all)`)
  const isOne = pendingCount === 1
  if (pendingCount > 0)
    lines.push(
      `${pendingCount} ${isOne ? 'evaluation continues' : 'evaluations continue'}: run the same command to wait for ${isOne ? 'it' : 'them'}, or \`bjob kill --workflow ${workflow}\` to kill ${isOne ? 'it' : 'them'}`,
    )
  return lines.join('\n')
}
