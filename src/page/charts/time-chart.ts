/**
 * A chart over time in bins: areas and step lines, because the figures are means and counts over
 * bins.
 */
import uPlot from 'uplot'
import type { TimeBins } from '../../report/time-bins.ts'
import { element } from '../element.ts'
import { Legend } from './legend.ts'
import { colour } from './palette.ts'
import type { TimeWindow } from './time-window.ts'
import { durationText, numberText, tickText, timeText } from '../words.ts'

/** Width of the labels on the left, equal in all time charts so that they align. */
export const GUTTER = 76
export const MARGIN = 14
const HEIGHT = 220
const LABEL = 22

export interface Layer {
  readonly label: string
  /** A colour of the style sheet. */
  readonly colour: string
  readonly isLine?: boolean
  /** One value per bin. */
  readonly values: readonly number[]
  /** Stacked on the previous layer. */
  readonly isStacked?: boolean
}

export interface TimeFigure {
  readonly bins: TimeBins
  /** Milliseconds since 1970 at the bins' zero. */
  readonly origin: number
  readonly layers: readonly Layer[]
  /** Unit of the vertical axis. */
  readonly unit: string
}

export class TimeChart {
  readonly root: HTMLElement
  readonly #legend = new Legend()
  readonly #holder = element('div', { class: 'plot' })
  readonly #window: TimeWindow
  #figure: TimeFigure | undefined
  #plot: uPlot | undefined

  constructor(window: TimeWindow) {
    this.#window = window
    this.root = element('div', {}, this.#legend.root, this.#holder)
    window.onChange(() => this.#applyWindow())
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#holder.clientWidth, height: HEIGHT })).observe(
      this.#holder,
    )
  }

  show(figure: TimeFigure): void {
    this.#figure = figure
    this.#legend.show(figure.layers)
    this.redraw()
  }

  /** Redraws in the current colours. */
  redraw(): void {
    this.#plot?.destroy()
    const figure = this.#figure
    if (figure === undefined) return
    this.#plot = new uPlot(this.#options(figure), toData(figure), this.#holder)
    this.#applyWindow()
  }

  #options({ layers, unit, bins, origin }: TimeFigure): uPlot.Options {
    const steps = uPlot.paths.stepped?.({ align: 1 })
    const axis = {
      stroke: colour('muted'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('grid') },
      font: FONT,
    }
    // Stacked layers are drawn from the topmost down.
    const series = layers.map((layer): uPlot.Series => ({
      label: layer.label,
      stroke: colour(layer.colour),
      width: layer.isLine === true ? 2 : 1,
      ...(layer.isLine === true ? { dash: [6, 4] } : { fill: fade(colour(layer.colour)) }),
      ...(steps === undefined ? {} : { paths: steps }),
      points: { show: false },
    }))
    return {
      width: Math.max(200, this.#holder.clientWidth),
      height: HEIGHT,
      padding: [10, MARGIN, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: false },
        sync: { key: 'time' },
        points: { show: false },
        y: false,
      },
      scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
      series: [{}, ...series.toReversed()],
      axes: [
        {
          ...axis,
          space: 84,
          size: 44,
          values: (_, splits, __, ___, width) =>
            splits.map((split, at) =>
              tickText(split * 1000, at === 0 ? undefined : (splits[at - 1] ?? 0) * 1000, width * 1000),
            ),
        },
        {
          ...axis,
          size: GUTTER - LABEL,
          label: unit,
          labelSize: LABEL,
          labelFont: FONT,
          incrs: this.#isOfCounts(layers) ? COUNTS : [0.1, 0.2, 0.5, ...COUNTS],
          values: (_, splits) => splits.map(numberText),
        },
      ],
      hooks: {
        setCursor: [(plot) => this.#tell(plot.cursor.idx ?? undefined)],
        setSelect: [
          (plot) => {
            if (plot.select.width < 4) return
            const from = plot.posToVal(plot.select.left, 'x') * 1000
            const to = plot.posToVal(plot.select.left + plot.select.width, 'x') * 1000
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            this.#window.zoom({ from: Math.max(from, origin + bins.from), to })
          },
        ],
        ready: [(plot) => plot.over.addEventListener('dblclick', () => this.#window.reset())],
      },
    }
  }

  #isOfCounts(layers: readonly Layer[]): boolean {
    return layers.every(({ values }) => values.every(Number.isInteger))
  }

  #tell(at: number | undefined): void {
    const figure = this.#figure
    if (figure === undefined) return
    const { bins, origin, layers } = figure
    if (at === undefined) return this.#legend.tell([], '')
    const bin = Math.min(bins.count - 1, at)
    const time = timeText(origin + bins.from + bin * bins.width)
    this.#legend.tell(
      layers.map(({ values }) => numberText(values[bin] ?? 0)),
      `${time} UTC, ${durationText(bins.width / 1000)}`,
    )
  }

  #applyWindow(): void {
    const { from, to } = this.#window.range
    this.#plot?.setScale('x', { min: from / 1000, max: to / 1000 })
  }
}

const FONT = '12px system-ui, sans-serif'

/** Tick steps of a count. */
export const COUNTS = [1, 2, 5]
  .flatMap((step) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((size) => step * size))
  .sort((one, other) => one - other)

/**
 * Bin edges in seconds; each layer includes those below it; the last value is repeated at the end.
 */
function toData({ bins, origin, layers }: TimeFigure): uPlot.AlignedData {
  const times = Array.from({ length: bins.count + 1 }, (_, bin) => (origin + bins.from + bin * bins.width) / 1000)
  let below: readonly number[] = []
  const drawn = layers.map(({ values, isStacked }) => {
    below = isStacked === true ? values.map((value, bin) => value + (below[bin] ?? 0)) : values
    return [...below, below.at(-1) ?? 0]
  })
  return [times, ...drawn.toReversed()]
}

function fade(shade: string): string {
  return `color-mix(in srgb, ${shade} 55%, ${colour('card')})`
}
