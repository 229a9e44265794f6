/**
 * Colours of states and ends, from the style sheet, which defines light and dark ones. The palette
 * of Okabe and Ito (2008) suits colour-blind readers.
 */
import type { ShownState } from '../../core/life/states.ts'
import type { RunEnd } from '../../report/run.ts'

export type Tone = RunEnd | 'waiting'

const TONES: Readonly<Record<ShownState, Tone>> = {
  CREATED: 'waiting',
  AWAITING_PARENTS: 'waiting',
  READY: 'waiting',
  STAGED_IN: 'waiting',
  PREPROCESSED: 'waiting',
  RUNNING: 'running',
  RUN_DONE: 'running',
  POSTPROCESSED: 'running',
  JOB_FINISHED: 'finished',
  RUN_TIMEOUT: 'timeout',
  RUN_ERROR: 'failed',
  RESTART_READY: 'waiting',
  FAILED: 'failed',
  USER_KILLED: 'killed',
  BROKEN: 'failed',
}

export function toneOf(state: ShownState): Tone {
  return TONES[state]
}

/** The current value of a colour of the style sheet: `finished`, `grid`, `text`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

/**
 * Dark blue to yellow over green (matplotlib's cividis, Nuñez et al. 2018): even steps, also for
 * colour-blind readers.
 */
const CIVIDIS = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
]

/** Contrast to the background grows with `share` up to 1. */
export function rampColour(share: number): string {
  const isDark = matchMedia('screen and (prefers-color-scheme: dark)').matches
  const place = Math.round(Math.min(1, Math.max(0, share)) * (CIVIDIS.length - 1))
  return CIVIDIS[isDark ? place : CIVIDIS.length - 1 - place] ?? '#707173'
}
