/**
 * One hyperparameter search: history of the best, importance of parameters, and location of good
 * points.
 */
import type { SearchFigures } from '../report/search-figures.ts'
import type { Axis } from '../search/study/study-figures.ts'
import { element, section, visible } from './element.ts'
import { Parallel } from './charts/parallel.ts'
import { Scatter } from './charts/scatter.ts'
import { countLabel, numberText, percentText } from './words.ts'

export class SearchSection {
  readonly root: HTMLElement
  readonly #drawings: readonly { redraw(): void }[]

  constructor({ workflow, direction, history, parallel, importances }: SearchFigures, number: number) {
    const { objective, axes, lines } = parallel
    const best = history.at(-1)?.best
    const isBest = (value: number): number => {
      const share = objective.high === objective.low ? 1 : (value - objective.low) / (objective.high - objective.low)
      return direction === 'minimise' ? 1 - share : share
    }
    const course = new Scatter({
      title: 'Evaluations and the best so far',
      axis: {
        name: 'evaluation',
        scale: 'linear',
        low: 1,
        high: Math.max(2, (history.at(-1)?.id ?? 0) + 1),
        choices: [],
      },
      objective: objective.name,
      xs: history.map(({ id }) => id + 1),
      values: history.map(({ value }) => value),
      line: history.map(({ best: so }) => so),
      height: 240,
    })
    const lanes = new Parallel(parallel, isBest)
    const slices = axes.map((axis, at) => sliceOf(axis, at, lines, objective.name))
    const shares = importances.map(({ name, share }) =>
      element(
        'div',
        { class: 'share' },
        element('span', {}, visible(name)),
        element(
          'span',
          { class: 'bar-cell' },
          element('i', { class: 'bar running', style: `width: ${share * 100}%` }),
          element('span', {}, percentText(share)),
        ),
      ),
    )
    this.#drawings = [course, lanes, ...slices]
    this.root = section(
      `search-${number}`,
      `Search: ${visible(workflow)}`,
      `${countLabel(history.length, 'evaluation')} with a value; the best ${visible(objective.name)} is ${numberText(best ?? NaN)} (to ${direction}).`,
      element(
        'div',
        { class: 'halves' },
        course.root,
        element(
          'div',
          { class: 'importances' },
          element('h4', {}, 'Importance of the parameters'),
          element('p', { class: 'about' }, 'Share of the variance that each parameter explains by itself (fANOVA).'),
          ...shares,
        ),
      ),
      element('h4', {}, 'All parameters'),
      element('p', { class: 'about' }, 'Each line is an evaluation. Better ones are darker.'),
      element('div', { class: 'scroll-x' }, lanes.root),
      element('div', { class: 'slices' }, ...slices.map(({ root }) => root)),
    )
  }

  redraw(): void {
    for (const drawing of this.#drawings) drawing.redraw()
  }
}

function sliceOf(axis: Axis, at: number, lines: SearchFigures['parallel']['lines'], objective: string): Scatter {
  const dots = lines
    .flatMap(({ positions, value }) => {
      const position = positions[at]
      return position === null || position === undefined ? [] : [{ position, value }]
    })
    .sort((one, other) => one.position - other.position)
  return new Scatter({
    title: axis.name,
    axis,
    objective,
    xs: dots.map(({ position }) => position),
    values: dots.map(({ value }) => value),
    height: 200,
  })
}
