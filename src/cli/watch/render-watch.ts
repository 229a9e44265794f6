/**
 * The screen of `bjob watch`: turns a model into lines of given width and height. Pure; colours are
 * symbolic.
 */
import type { Colour } from '../terminal/terminal.ts'
import { type ShownState, type State, isEnded } from '../../core/life/states.ts'
import { cutText, padText, textWidth } from '../../lib/text/text-width.ts'
import { formatRate, formatSpan } from '../terminal/figures-text.ts'
import { formatBar } from '../terminal/progress-text.ts'
import { STATE_COLOURS } from '../terminal/terminal.ts'
import type { FailedJob, LauncherStatus, WatchModel } from './watch-model.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** Text with an optional colour. */
export type Piece = readonly [text: string, colour?: Colour | undefined]
export type Line = readonly Piece[]

const COUNT_WIDTH = 8
const STATE_WIDTH = 16
const SPARKS = ' ▁▂▃▄▅▆▇█'
/** Minimum number of lines for launchers. */
const FEWEST_LINES = 3

/** @returns at most `height` lines of at most `width` columns */
export function renderWatch(model: WatchModel, width: number, height: number): Line[] {
  const top = [headLine(model, width), [], ...progressLines(model, width), []]
  const states = stateLines(model, width)
  const room = Math.max(0, height - top.length - states.length - 1)
  const half = Math.max(FEWEST_LINES, model.failures.length === 0 ? room : Math.ceil(room / 2))
  const launchers = section(launcherLines(model, width), half, 'more launchers')
  const rest = Math.max(0, room - launchers.length - 1)
  const failures =
    model.failures.length === 0
      ? []
      : [[], ...section(failureLines(model, width), rest, 'more failures', model.states.FAILED)]
  return [...top, ...states, [], ...launchers, ...failures].slice(0, height).map((line) => cutLine(line, width))
}

/** The text of a line without colours. */
export function lineText(line: Line): string {
  return line.map(([text]) => text).join('')
}

function headLine({ site, filter, time }: WatchModel, width: number): Line {
  const clock = localTime(time)
  const what = filter === '' ? '' : `  ${filter}`
  const room = width - clock.length - 2
  const left = cutText(`${site}${what}`, room)
  return [[padText(left, room), 'bold'], [`  ${clock}`]]
}

function progressLines(model: WatchModel, width: number): Line[] {
  const { total, ended, states, per_second: rate, ends, estimated_end: end, time } = model
  if (total === 0) return [[['no jobs yet: bjob spawn --help', 'yellow']]]
  const failed = states.FAILED ?? 0
  const percent = `${Math.floor((100 * ended) / total)} %`
  const words = ` ${percent}  ${ended} of ${total} ended`
  const bar = formatBar(ended, total, Math.max(10, Math.min(50, width - words.length - 14)))
  const first: Line = [
    [bar, 'green'],
    [words],
    ...(failed === 0 ? [] : [[`, ${failed} failed`, 'red'] satisfies Piece]),
  ]
  const spark = sparkLine(ends).trim()
  return [first, [[rateWords(rate)], [spark === '' ? '' : `  ${spark}`, 'cyan'], ...endWords(end, time, model)]]
}

function rateWords(rate: number): string {
  return rate === 0 ? 'no job ended in the last 10 min' : formatRate(rate)
}

function endWords(end: string | null, time: string, { total, ended, launchers }: WatchModel): Line {
  if (ended === total) return [['  all have ended', 'green']]
  if (launchers.length === 0) return [['  no launcher is running: bjob launch', 'yellow']]
  if (end === null) return []
  return [[`  about ${formatSpan((Date.parse(end) - Date.parse(time)) / 1000)} left, until ${localTime(end, time)}`]]
}

function stateLines({ states, total }: WatchModel, width: number): Line[] {
  return Object.entries(states).map(([state, count]) => {
    const colour = STATE_COLOURS[state as ShownState]
    const length = width - COUNT_WIDTH - STATE_WIDTH - 4
    const blocks = Math.max(1, Math.round((Math.min(60, length) * count) / Math.max(1, total)))
    const bar = (isEnded(state as State) ? '█' : '▒').repeat(Math.max(0, Math.min(length, blocks)))
    return [[String(count).padStart(COUNT_WIDTH)], [`  ${state.padEnd(STATE_WIDTH)} `, colour], [bar, colour]]
  })
}

function launcherLines({ launchers, launchers_ended: ended, time }: WatchModel, width: number): Line[] {
  const past = ended === 0 ? '' : `, ${ended} ended`
  const head: Line = [
    ['LAUNCHERS', 'bold'],
    [` ${launchers.length === 0 ? 'none runs' : `${launchers.length} running`}${past}`],
  ]
  if (launchers.length === 0) return [head]
  const idWidth = Math.max(...launchers.map(({ id }) => textWidth(id)))
  return [head, ...launchers.map((launcher) => launcherLine(launcher, idWidth, time, width))]
}

function launcherLine(launcher: LauncherStatus, idWidth: number, time: string, width: number): Line {
  const { id, nodes, running, cores_used: used, cores, ends } = launcher
  const left = ends === null ? 'no time limit' : `${formatSpan((Date.parse(ends) - Date.parse(time)) / 1000)} left`
  const isNarrow = width < 92
  const bar = `${formatBar(used, cores, 16)} `
  const pieces = [
    `  ${padText(id, idWidth)}`,
    `  ${nodes} node${nodes === 1 ? ' ' : 's'}`,
    `  ${isNarrow ? '' : bar}${Number(used.toFixed(1))}/${cores} ${isNarrow ? 'slots' : 'slots in use'}`,
    `  ${left}`,
    width < 70 ? '' : `  ${countOf(running, 'job')}`,
  ]
  return [[pieces.join('')]]
}

function failureLines({ failures, states, time }: WatchModel, width: number): Line[] {
  const head: Line = [['FAILURES', 'bold'], [` ${states.FAILED ?? failures.length}, newest first`]]
  const idWidth = Math.min(Math.max(...failures.map(({ id }) => textWidth(id))), Math.max(12, Math.floor(width / 3)))
  return [head, ...failures.map((failure) => failureLine(failure, idWidth, time))]
}

function failureLine({ id, time, reason, output }: FailedJob, idWidth: number, now: string): Line {
  const why = output === '' ? reason : `${reason === '' ? '' : `${reason}: `}${output}`
  return [[`  ${localTime(time, now).padStart(8)}  `], [padText(cutText(id, idWidth), idWidth), 'red'], [`  ${why}`]]
}

/**
 * The lines that fit; the last one gives the number of the rest. @param count number of all lines
 * without the headline
 */
function section(lines: readonly Line[], room: number, what: string, count = lines.length - 1): Line[] {
  if (lines.length <= room && lines.length === count + 1) return [...lines]
  const shown = Math.max(0, Math.min(lines.length, room - 1))
  const left = count - Math.max(0, shown - 1)
  return [...lines.slice(0, shown), [[`  … ${left} ${what}`, 'gray']]]
}

function sparkLine(counts: readonly number[]): string {
  const most = Math.max(1, ...counts)
  return counts.map((count) => SPARKS[Math.ceil((count / most) * (SPARKS.length - 1))]).join('')
}

function cutLine(line: Line, width: number): Line {
  let left = width
  const cut: Piece[] = []
  for (const [text, colour] of line) {
    if (left <= 0) break
    const kept = cutText(text, left)
    cut.push(colour === undefined ? [kept] : [kept, colour])
    left -= textWidth(kept)
    if (kept !== text) break
  }
  return cut
}

/** `14:03:22`, or `25 Nov` if the day differs from that of `now`. */
function localTime(time: string, now = time): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '?'
  if (date.toDateString() !== new Date(now).toDateString())
    return `${date.getDate()} ${date.toLocaleString('en', { month: 'short' })}`
  return date.toTimeString().slice(0, 8)
}
