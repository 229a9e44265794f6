/** The summary on top: jobs, progress, utilization and throughput. */
import type { Dataset } from '../report/dataset.ts'
import type { Figures } from '../report/figures.ts'
import { element, visible } from './element.ts'
import { toneOf } from './charts/palette.ts'
import { coreTimeText, countText, durationText, numberText, percentText, timeText } from './words.ts'

export function heading(dataset: Dataset): HTMLElement {
  const made = `${dataset.made.slice(0, 16).replace('T', ' ')} UTC`
  const filter = dataset.filter === '' ? '' : ` of ${visible(dataset.filter)}`
  return element(
    'header',
    {},
    element('h1', {}, visible(dataset.site)),
    element('p', { class: 'about' }, `bjob report${filter}, made ${made}. All times are UTC.`),
  )
}

export class Summary {
  readonly root = element('div', { class: 'summary' })

  show(dataset: Dataset, figures: Figures): void {
    const { jobs, states, usage, throughput, bins, runEnds } = figures
    const count = (...names: string[]): number =>
      states.filter(({ state }) => names.includes(state)).reduce((sum, row) => sum + row.jobs, 0)
    const failed = count('FAILED')
    const length = (bins.width * bins.count) / 1000
    const lost = runEnds.timeout + runEnds.lost
    this.root.replaceChildren(
      tile('jobs', countText(jobs), `${countText(count('JOB_FINISHED'))} finished, ${countText(failed)} failed`),
      tile(
        'utilization',
        percentText(usage.coreSeconds / usage.offeredCoreSeconds),
        `${coreTimeText(usage.coreSeconds)} of ${coreTimeText(usage.offeredCoreSeconds)}`,
      ),
      tile(
        'throughput',
        throughput.finishedPerHour === 0 ? '–' : numberText(rate(throughput.finishedPerHour).value),
        `finished jobs ${rate(throughput.finishedPerHour).per}`,
      ),
      tile('runs', countText(figures.runs), lost === 0 ? 'none cut short' : `${countText(lost)} cut short`),
      tile('time', durationText(Math.round(length)), `from ${timeText(dataset.origin + bins.from).slice(0, 16)}`),
      stateBar(figures),
    )
  }
}

function rate(perHour: number): { value: number; per: string } {
  if (perHour >= 7200) return { value: perHour / 3600, per: 'a second' }
  return perHour >= 120 ? { value: perHour / 60, per: 'a minute' } : { value: perHour, per: 'an hour' }
}

function tile(name: string, value: string, note: string): HTMLElement {
  return element(
    'div',
    { class: 'tile', id: `tile-${name}` },
    element('span', {}, name),
    element('strong', {}, value),
    element('small', {}, note),
  )
}

function stateBar({ states, jobs }: Figures): HTMLElement {
  const label = states.map(({ state, jobs: count }) => `${countText(count)} ${state}`).join(', ')
  return element(
    'div',
    { class: 'state-bar', role: 'img', 'aria-label': label === '' ? 'no jobs' : label },
    ...states.map(({ state, jobs: count }) =>
      element('i', {
        class: toneOf(state),
        style: `flex-grow: ${count / Math.max(1, jobs)}`,
        title: `${countText(count)} ${state}`,
      }),
    ),
  )
}
