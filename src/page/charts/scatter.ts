/** Dots with an optional line: the history of a search, or one parameter against the objective. */
import uPlot from 'uplot'
import type { Axis } from '../../search/study/study-figures.ts'
import { element, visible } from '../element.ts'
import { colour } from './palette.ts'
import { numberText } from '../words.ts'

const FONT = '12px system-ui, sans-serif'

export interface ScatterFigure {
  readonly title: string
  readonly axis: Axis
  readonly objective: string
  /** Sorted by x. */
  readonly xs: readonly number[]
  readonly values: readonly number[]
  /** A step line, such as the best so far. */
  readonly line?: readonly number[]
  readonly height: number
}

export class Scatter {
  readonly root: HTMLElement
  readonly #holder = element('div', { class: 'plot' })
  readonly #figure: ScatterFigure
  #plot: uPlot | undefined

  constructor(figure: ScatterFigure) {
    this.#figure = figure
    this.root = element('div', { class: 'scatter' }, element('h4', {}, visible(figure.title)), this.#holder)
    new ResizeObserver(() => {
      if (this.#plot === undefined) this.redraw()
      else this.#plot.setSize({ width: this.#holder.clientWidth, height: figure.height })
    }).observe(this.#holder)
  }

  redraw(): void {
    this.#plot?.destroy()
    if (this.#holder.clientWidth === 0) return
    const { axis, objective, xs, values, line, height } = this.#figure
    const style = {
      stroke: colour('muted'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('grid') },
      font: FONT,
    }
    const steps = uPlot.paths.stepped?.({ align: 1 })
    const [low, high] = rangeOf(axis)
    const options: uPlot.Options = {
      width: this.#holder.clientWidth,
      height,
      padding: [8, 14, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, distr: axis.scale === 'log' ? 3 : 1, range: () => [low, high] } },
      series: [
        {},
        { paths: () => null, points: { show: true, size: 6, width: 0, fill: `${colour('running')}b0` } },
        ...(line === undefined
          ? []
          : [
              {
                stroke: colour('finished'),
                width: 2,
                points: { show: false },
                ...(steps === undefined ? {} : { paths: steps }),
              },
            ]),
      ],
      axes: [
        axis.scale === 'choices'
          ? {
              ...style,
              size: 32,
              splits: () => [...axis.choices.keys()],
              values: () => axis.choices.map((choice) => shorten(visible(choice))),
            }
          : {
              ...style,
              size: 32,
              space: 60,
              ...(axis.scale === 'log' ? { grid: { show: false }, ticks: { show: false } } : {}),
              values: (_, splits) => splits.map((split) => (split === null ? '' : numberText(split))),
            },
        {
          ...style,
          size: 70,
          label: shorten(visible(objective)),
          labelSize: 20,
          labelFont: FONT,
          values: (_, splits) => splits.map(numberText),
        },
      ],
    }
    this.#plot = new uPlot(options, [[...xs], [...values], ...(line === undefined ? [] : [[...line]])], this.#holder)
  }
}

function rangeOf({ scale, low, high }: Axis): [number, number] {
  if (scale === 'choices') return [low - 0.5, high + 0.5]
  if (low === high) return [low - 1, high + 1]
  if (scale === 'log') return [low / (high / low) ** 0.03, high * (high / low) ** 0.03]
  return [low - (high - low) * 0.03, high + (high - low) * 0.03]
}

function shorten(text: string): string {
  return text.length > 16 ? `${text.slice(0, 15)}…` : text
}
