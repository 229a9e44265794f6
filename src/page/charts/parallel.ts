/**
 * Parallel coordinates (Inselberg 1985): one line per evaluation across one axis per parameter,
 * coloured by value.
 */
import type { Axis, ParallelCoordinates } from '../../search/study/study-figures.ts'
import { element, visible } from '../element.ts'
import { fit, prepare } from './gantt.ts'
import { colour, rampColour } from './palette.ts'
import { numberText } from '../words.ts'

const HEIGHT = 280
const TOP = 34
const BOTTOM = 26
const SIDE = 52
const FONT = '12px system-ui, sans-serif'

export class Parallel {
  readonly root = element('div', { class: 'plot' })
  readonly #canvas = element('canvas', { role: 'img', 'aria-label': 'parameters and objective of each evaluation' })
  readonly #data: ParallelCoordinates
  readonly #isBest: (value: number) => number

  /** @param isBest maps a value to 0 (worst) to 1 (best) */
  constructor(data: ParallelCoordinates, isBest: (value: number) => number) {
    this.#data = data
    this.#isBest = isBest
    this.root.append(this.#canvas)
    new ResizeObserver(() => this.redraw()).observe(this.root)
  }

  redraw(): void {
    const { axes, objective, lines } = this.#data
    const all = [...axes, objective]
    // On a narrow screen the axes keep their distance, and the figure scrolls.
    const width = Math.max(this.root.clientWidth, all.length * 84)
    if (this.root.clientWidth === 0) return
    const context = prepare(this.#canvas, width, HEIGHT)
    const xOf = (at: number): number => SIDE + (at / Math.max(1, all.length - 1)) * (width - 2 * SIDE)
    const yOf = (share: number): number => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    context.font = FONT
    context.lineJoin = 'round'
    const ordered = [...lines].sort((one, other) => this.#isBest(one.value) - this.#isBest(other.value))
    for (const { positions, value } of ordered) {
      const best = this.#isBest(value)
      context.strokeStyle = rampColour(best)
      context.globalAlpha = 0.35 + 0.6 * best ** 3
      context.lineWidth = 1 + 1.5 * best ** 6
      context.beginPath()
      let isOn = false
      for (const [at, position] of [...positions, value].entries()) {
        const axis = all[at]
        if (axis === undefined || position === null) continue
        const y = yOf(shareOf(axis, position))
        if (isOn) context.lineTo(xOf(at), y)
        else context.moveTo(xOf(at), y)
        isOn = true
      }
      context.stroke()
    }
    context.globalAlpha = 1
    for (const [at, axis] of all.entries()) drawAxis(context, axis, xOf(at), yOf)
  }
}

function drawAxis(context: CanvasRenderingContext2D, axis: Axis, x: number, yOf: (share: number) => number): void {
  context.strokeStyle = colour('muted')
  context.fillStyle = colour('text')
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(x, yOf(0))
  context.lineTo(x, yOf(1))
  context.stroke()
  context.textAlign = 'center'
  context.font = `600 ${FONT}`
  context.fillText(fit(context, visible(axis.name), 96), x, 14)
  context.font = FONT
  context.fillStyle = colour('muted')
  if (axis.scale !== 'choices') {
    context.fillText(numberText(axis.high), x, TOP - 6)
    context.fillText(numberText(axis.low), x, HEIGHT - 8)
    return
  }
  for (const [at, choice] of axis.choices.entries()) {
    const y = yOf(axis.choices.length === 1 ? 0.5 : at / (axis.choices.length - 1))
    const text = fit(context, visible(choice), 80)
    const half = context.measureText(text).width / 2
    context.fillStyle = colour('card')
    context.globalAlpha = 0.75
    context.fillRect(x - half - 3, y - 8, 2 * half + 6, 16)
    context.globalAlpha = 1
    context.fillStyle = colour('text')
    context.fillText(text, x, y + 4)
  }
}

/** The position on an axis as a fraction from 0 to 1. */
function shareOf({ scale, low, high }: Axis, position: number): number {
  if (high === low) return 0.5
  return scale === 'log' ? Math.log(position / low) / Math.log(high / low) : (position - low) / (high - low)
}
