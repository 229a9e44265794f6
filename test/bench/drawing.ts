/**
 * Draws an outcome as one SVG: a bar for each budget, which may come up to the line, and one for
 * each rate.
 */
import { type Outcome, type Result, short } from './figure-text.ts'
import { useOfBudget } from './scenario.ts'

const WIDTH = 900
const LABEL = 470
const ROW = 20
const GOOD = '#2a7'
const BAD = '#c33'
const PEER = '#889'

interface Bar {
  readonly label: string
  readonly value: number
  readonly text: string
  readonly colour: string
}

export function drawOutcome({ machine, results }: Outcome): string {
  const budgets = results.flatMap((figure): Bar[] => {
    const used = useOfBudget(figure)
    if (used === undefined) return []
    return [
      { label: `${figure.scenario}: ${figure.what}`, value: used, text: short(used), colour: used <= 1 ? GOOD : BAD },
    ]
  })
  const rates = results.filter(({ scenario }) => scenario === 'throughput').map(rateBar)
  const parts: string[] = []
  let top = ROW * 2
  top = drawBars(parts, top, 'Part of its budget that each figure uses (the line is all of it)', budgets, 1)
  top = drawBars(parts, top + ROW, 'Trivial jobs a second', rates)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="8" y="${ROW}" fill="#555">${escapeText(machine)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function rateBar({ what, value }: Result): Bar {
  return { label: what, value, text: short(value), colour: what.startsWith('bjob') ? GOOD : PEER }
}

/** @returns where the next may begin */
function drawBars(parts: string[], top: number, title: string, bars: readonly Bar[], line?: number): number {
  const most = Math.max(line ?? 0, ...bars.map(({ value }) => (Number.isFinite(value) ? value : 0)))
  const scale = (WIDTH - LABEL - 60) / (most || 1)
  parts.push(`<text x="8" y="${top + ROW}" font-weight="bold">${escapeText(title)}</text>`)
  const first = top + ROW * 1.5
  for (const [at, { label, value, text, colour }] of bars.entries()) {
    const y = first + at * ROW
    const width = Math.max(1, (Number.isFinite(value) ? value : most) * scale)
    parts.push(
      `<text x="${LABEL - 6}" y="${y + 14}" text-anchor="end">${escapeText(label)}</text>`,
      `<rect x="${LABEL}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 6}" fill="${colour}"/>`,
      `<text x="${(LABEL + width + 5).toFixed(1)}" y="${y + 14}">${text}</text>`,
    )
  }
  const bottom = first + bars.length * ROW
  if (line !== undefined) {
    const x = (LABEL + line * scale).toFixed(1)
    parts.push(`<line x1="${x}" y1="${first}" x2="${x}" y2="${bottom}" stroke="#000" stroke-dasharray="4 3"/>`)
  }
  return bottom + ROW / 2
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
