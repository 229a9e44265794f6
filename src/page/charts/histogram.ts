/** A histogram of durations on a logarithmic axis, with quantiles in words. */
import uPlot from 'uplot'
import type { Distribution } from '../../report/distribution.ts'
import { element, emptyNote } from '../element.ts'
import { colour } from './palette.ts'
import { COUNTS } from './time-chart.ts'
import { countText, durationText, numberText } from '../words.ts'

const HEIGHT = 190
const FONT = '12px system-ui, sans-serif'

/** Round tick positions in seconds. */
const MARKS = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000]

export class Histogram {
  readonly root: HTMLElement
  readonly #holder = element('div', { class: 'plot' })
  readonly #numbers = element('dl', { class: 'quantiles' })
  readonly #place = element('p', { class: 'place' })
  readonly #colourName: string
  readonly #noun: string
  #distribution: Distribution | undefined
  #plot: uPlot | undefined

  /** @param noun name of the counted things, such as `runs` */
  constructor(title: string, about: string, noun: string, colourName: string) {
    this.#colourName = colourName
    this.#noun = noun
    this.root = element(
      'div',
      { class: 'half' },
      element('h3', {}, title),
      element('p', { class: 'about' }, about),
      this.#numbers,
      this.#holder,
      this.#place,
    )
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#holder.clientWidth, height: HEIGHT })).observe(
      this.#holder,
    )
  }

  show(distribution: Distribution): void {
    this.#distribution = distribution
    const { count, p50, p90, p99, max, mean } = distribution
    const numbers: [string, number][] = [
      ['median', p50],
      ['90 %', p90],
      ['99 %', p99],
      ['longest', max],
      ['mean', mean],
    ]
    this.#numbers.replaceChildren(
      ...(count === 0
        ? []
        : numbers.map(([name, value]) =>
            element('div', {}, element('dt', {}, name), element('dd', {}, durationText(value))),
          )),
    )
    this.redraw()
  }

  redraw(): void {
    this.#plot?.destroy()
    this.#plot = undefined
    const distribution = this.#distribution
    if (distribution === undefined) return
    this.#place.textContent = ''
    if (distribution.count === 0) return this.#holder.replaceChildren(emptyNote(`no ${this.#noun} yet`))
    this.#holder.replaceChildren()
    this.#plot = new uPlot(this.#options(distribution), toData(distribution), this.#holder)
  }

  #options({ edges, counts }: Distribution): uPlot.Options {
    const axis = {
      stroke: colour('muted'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('grid') },
      font: FONT,
    }
    const steps = uPlot.paths.stepped?.({ align: 1 })
    const [low, high] = [edges[0] ?? 0.01, edges.at(-1) ?? 1]
    return {
      width: Math.max(160, this.#holder.clientWidth),
      height: HEIGHT,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
      scales: {
        x: { time: false, distr: 3, range: () => [low / 1.3, high * 1.3] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      series: [
        {},
        {
          stroke: colour(this.#colourName),
          fill: `color-mix(in srgb, ${colour(this.#colourName)} 55%, ${colour('card')})`,
          width: 1,
          ...(steps === undefined ? {} : { paths: steps }),
          points: { show: false },
        },
      ],
      axes: [
        {
          ...axis,
          size: 32,
          grid: { show: false },
          splits: () => marksBetween(low / 1.3, high * 1.3),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map(markText),
        },
        {
          ...axis,
          size: 64,
          label: this.#noun,
          labelSize: 20,
          labelFont: FONT,
          values: (_, splits) => splits.map(numberText),
          incrs: COUNTS,
        },
      ],
      hooks: {
        setCursor: [
          (plot) => {
            const left = plot.cursor.left ?? -1
            const at = edges.findLastIndex((edge) => edge <= plot.posToVal(left, 'x'))
            const [from, to, count] = [edges[at], edges[at + 1], counts[at]]
            this.#place.textContent =
              left < 0 || from === undefined || to === undefined || count === undefined
                ? ''
                : `${durationText(from)} to ${durationText(to)}: ${countText(count)} ${this.#noun}`
          },
        ],
      },
    }
  }
}

/** `0.1 s`, `10 s`, `10 min`. */
function markText(seconds: number): string {
  return seconds < 60 ? `${numberText(seconds)} s` : durationText(seconds)
}

/** Down to zero on both sides. */
function toData({ edges, counts }: Distribution): uPlot.AlignedData {
  const first = edges[0] ?? 1
  return [
    [first / 1.0001, ...edges],
    [0, ...counts, 0],
  ]
}

function marksBetween(low: number, high: number): number[] {
  const inside = MARKS.filter((mark) => mark >= low && mark <= high)
  if (inside.length >= 2) return inside
  // Within a decade: steps of 1, 2 and 5.
  const decade = 10 ** Math.floor(Math.log10(low))
  return [1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100]
    .map((step) => step * decade)
    .filter((mark) => mark >= low && mark <= high)
}
