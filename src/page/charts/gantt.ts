/**
 * The chart of nodes and jobs: runs over time with their ends. One canvas covers the visible area,
 * for any number of nodes.
 */
import type { Dataset } from '../../report/dataset.ts'
import { RUN_ENDS } from '../../report/run.ts'
import { element, emptyNote, visible } from '../element.ts'
import { type Band, type Bar, layOut } from './gantt-layout.ts'
import { Legend } from './legend.ts'
import { colour } from './palette.ts'
import { GUTTER, MARGIN } from './time-chart.ts'
import type { TimeWindow } from './time-window.ts'
import { countLabel, durationText, numberText, tickText } from '../words.ts'

const TALLEST = 440
const AXIS = 34
const GAP = 6
/** Minimum width of a bar in pixels. */
const FAINTEST = 0.25

interface Row extends Band {
  readonly top: number
  readonly height: number
}

export class Gantt {
  readonly root: HTMLElement
  readonly #legend = new Legend()
  readonly #canvas = element('canvas', { role: 'img', 'aria-label': 'jobs on nodes over time' })
  readonly #spacer = element('div', { class: 'spacer' })
  readonly #scroller: HTMLElement
  readonly #axis = element('canvas', { class: 'axis' })
  readonly #tip = element('div', { class: 'tip', role: 'status' })
  readonly #empty = emptyNote('nothing has run yet')
  readonly #dataset: Dataset
  readonly #window: TimeWindow
  #rows: readonly Row[] = []
  #dragFrom: number | undefined
  #hasDragged = false

  /** @param onPick called with the job of a clicked bar */
  constructor(dataset: Dataset, window: TimeWindow, onPick: (job: number) => void) {
    this.#dataset = dataset
    this.#window = window
    this.#scroller = element('div', { class: 'gantt', tabindex: 0 }, this.#canvas, this.#spacer)
    this.root = element(
      'div',
      { class: 'gantt-holder' },
      this.#legend.root,
      this.#scroller,
      this.#axis,
      this.#tip,
      this.#empty,
    )
    this.#legend.show(RUN_ENDS.map((how) => ({ label: how, colour: how })))
    window.onChange(() => this.redraw())
    this.#scroller.addEventListener('scroll', () => this.redraw())
    this.#canvas.addEventListener('pointermove', (event) => this.#point(event))
    this.#canvas.addEventListener('pointerleave', () => this.#hideTip())
    this.#canvas.addEventListener(
      'pointerdown',
      (event) => (this.#dragFrom = event.pointerType === 'mouse' ? event.offsetX : undefined),
    )
    this.#canvas.addEventListener('pointerup', (event) => this.#endDrag(event))
    this.#canvas.addEventListener('click', (event) => {
      const found = this.#hasDragged ? undefined : this.#find(event)
      if (found !== undefined) onPick(dataset.runs.job[found.bar.run] ?? 0)
    })
    this.#canvas.addEventListener('dblclick', () => window.reset())
    new ResizeObserver(() => this.redraw()).observe(this.root)
  }

  show(chosen: Uint8Array): void {
    const bands = layOut(this.#dataset, chosen).filter(({ bars }) => bars.length > 0)
    const room = (TALLEST - GAP * bands.length) / Math.max(1, bands.length)
    let top = 0
    this.#rows = bands.map((band) => {
      const height = Math.round(Math.min(band.lanes * 18, Math.max(14, room)))
      const row = { ...band, top, height }
      top += height + GAP
      return row
    })
    this.#spacer.style.height = `${Math.max(0, top - Math.min(top, TALLEST))}px`
    const isEmpty = bands.length === 0
    this.#scroller.style.height = `${Math.min(top, TALLEST)}px`
    for (const part of [this.#scroller, this.#axis, this.#legend.root]) part.hidden = isEmpty
    this.#empty.hidden = !isEmpty
    this.redraw()
  }

  redraw(): void {
    if (this.#rows.length === 0) return
    const { clientWidth: width, clientHeight: height, scrollTop } = this.#scroller
    const context = prepare(this.#canvas, width, height)
    this.#drawAxis(width)
    context.font = FONT
    context.textBaseline = 'middle'
    const paints = RUN_ENDS.map((how) => colour(how))
    const text = colour('muted')
    const ground = colour('grid')
    for (const row of this.#rows) {
      const top = row.top - scrollTop
      if (top > height || top + row.height < 0) continue
      context.fillStyle = ground
      context.globalAlpha = 0.35
      context.fillRect(GUTTER, top, width - GUTTER - MARGIN, row.height)
      context.globalAlpha = 1
      this.#drawBars(context, row, top, width, paints)
      context.fillStyle = text
      context.fillText(fit(context, visible(row.node), GUTTER - 12), 4, top + row.height / 2)
    }
  }

  #drawBars(context: CanvasRenderingContext2D, row: Row, top: number, width: number, paints: readonly string[]): void {
    const { origin, runs } = this.#dataset
    const { from, to } = this.#window.range
    const scale = (width - GUTTER - MARGIN) / (to - from)
    const laneHeight = row.height / row.lanes
    const gap = laneHeight > 4 ? 1 : 0
    const inner = width - GUTTER - MARGIN
    for (const bar of row.bars) {
      const left = Math.max(0, (origin + bar.start - from) * scale)
      const right = Math.min(inner, (origin + bar.end - from) * scale)
      if (right < 0 || left > inner) continue
      context.fillStyle = paints[runs.how[bar.run] ?? 0] ?? ''
      const size = bar.isWhole ? row.height : laneHeight
      // Bars narrower than a pixel are drawn fainter, so that an idle lane does not look busy.
      const wide = right - left > 4 ? right - left - 1 : Math.max(FAINTEST, right - left)
      context.fillRect(GUTTER + left, top + bar.lane * laneHeight, wide, Math.max(0.5, size - gap))
    }
  }

  #drawAxis(width: number): void {
    const context = prepare(this.#axis, width, AXIS)
    const { from, to } = this.#window.range
    const inner = width - GUTTER - MARGIN
    const step = tickStep((to - from) / Math.max(2, inner / 90))
    context.font = FONT
    context.fillStyle = colour('muted')
    context.textAlign = 'center'
    context.textBaseline = 'top'
    let before: number | undefined
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      const x = GUTTER + ((time - from) / (to - from)) * inner
      context.fillRect(x, 0, 1, 4)
      for (const [line, text] of tickText(time, before, step).split('\n').entries())
        context.fillText(text, x, 7 + line * 13)
      before = time
    }
  }

  #find(event: MouseEvent): { bar: Bar; row: Row } | undefined {
    const { clientWidth: width, scrollTop } = this.#scroller
    const { from, to } = this.#window.range
    const y = event.offsetY + scrollTop
    const row = this.#rows.find(({ top, height }) => y >= top && y < top + height)
    if (row === undefined) return undefined
    const perPixel = (to - from) / (width - GUTTER - MARGIN)
    const time = from + (event.offsetX - GUTTER) * perPixel - this.#dataset.origin
    const lane = Math.floor(((y - row.top) / row.height) * row.lanes)
    const bar = row.bars.findLast(
      (one) => (one.isWhole || one.lane === lane) && one.start <= time + perPixel && one.end >= time - perPixel,
    )
    return bar === undefined ? undefined : { bar, row }
  }

  #point(event: PointerEvent): void {
    const found = this.#find(event)
    if (found === undefined) return this.#hideTip()
    const { runs, jobs, workflows, causes } = this.#dataset
    const { bar, row } = found
    const job = runs.job[bar.run] ?? 0
    const how = RUN_ENDS[runs.how[bar.run] ?? 0] ?? 'running'
    const cause = causes[runs.cause[bar.run] ?? -1] ?? ''
    const gpus = runs.gpus[bar.run] ?? 0
    const cores = runs.cores[bar.run] ?? 0
    this.#tip.replaceChildren(
      element('b', {}, visible(`${workflows[jobs.workflow[job] ?? 0] ?? ''}/${jobs.name[job] ?? ''}`)),
      element(
        'div',
        {},
        `${how} after ${durationText((bar.end - bar.start) / 1000)}${cause === '' ? '' : `: ${visible(cause)}`}`,
      ),
      element(
        'div',
        {},
        `${visible(row.node)}${bar.isWhole ? ' and others' : ''}, ${numberText(cores)} core${cores === 1 ? '' : 's'}${gpus === 0 ? '' : `, ${countLabel(gpus, 'GPU')}`}`,
      ),
    )
    const room = this.root.clientWidth - this.#tip.offsetWidth - 8
    this.#tip.style.left = `${Math.max(0, Math.min(room, event.offsetX + 14))}px`
    this.#tip.style.top = `${this.#scroller.offsetTop + event.offsetY + 18}px`
    this.#tip.classList.add('shown')
  }

  #hideTip(): void {
    this.#tip.classList.remove('shown')
  }

  #endDrag(event: PointerEvent): void {
    const start = this.#dragFrom
    this.#dragFrom = undefined
    this.#hasDragged = start !== undefined && Math.abs(event.offsetX - start) >= 6
    if (start === undefined || !this.#hasDragged) return
    const { from, to } = this.#window.range
    const perPixel = (to - from) / (this.#scroller.clientWidth - GUTTER - MARGIN)
    const [left, right] = [Math.min(start, event.offsetX), Math.max(start, event.offsetX)]
    this.#window.zoom({ from: from + (left - GUTTER) * perPixel, to: from + (right - GUTTER) * perPixel })
  }
}

const FONT = '12px system-ui, sans-serif'

/** An empty canvas of that many CSS pixels, sharp on this screen. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('this browser cannot draw')
  context.scale(ratio, ratio)
  return context
}

/** Cuts in the middle, because names of nodes have the same ends. */
export function fit(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text
  for (let kept = text.length - 1; kept > 2; kept--) {
    const tail = Math.ceil(kept * 0.6)
    const cut = `${text.slice(0, kept - tail)}…${text.slice(-tail)}`
    if (context.measureText(cut).width <= width) return cut
  }
  return text.slice(-2)
}

const STEPS = [
  100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 10_800e3,
  21_600e3, 43_200e3, 86_400e3, 172_800e3, 604_800e3, 2_592_000e3,
]

function tickStep(least: number): number {
  return STEPS.find((step) => step >= least) ?? 2_592_000e3
}
