/**
 * Reloads a page that is rewritten repeatedly and restores its look: from disk, a page can read no
 * other file.
 */
import { SHOWN_STATES } from '../core/life/states.ts'
import type { Dataset } from '../report/dataset.ts'
import type { Range } from './charts/time-window.ts'
import type { Choice } from './selection.ts'

/** The reader's choices on the page, as words, because indexes change between versions. */
export interface PageLook {
  readonly text: string
  readonly states: readonly string[]
  readonly workflow: string | undefined
  readonly application: string | undefined
  readonly cause: string | undefined
  /** Absent for the whole period. */
  readonly range: Range | undefined
}

/** The page must not change while it is in use. */
const BUSY_MS = 2000
const KEY = 'bjob report'

export function lookOf({ workflows, applications, causes }: Dataset, choice: Choice, range?: Range): PageLook {
  return {
    text: choice.text,
    states: [...choice.states].map((state) => SHOWN_STATES[state] ?? ''),
    workflow: workflows[choice.workflow],
    application: applications[choice.application],
    cause: causes[choice.cause],
    range,
  }
}

export function choiceOf({ workflows, applications, causes }: Dataset, look: PageLook): Choice {
  const numberIn = (words: readonly string[], word: string | undefined): number =>
    word === undefined ? -1 : words.indexOf(word)
  return {
    text: look.text,
    states: new Set(
      look.states.map((name) => SHOWN_STATES.findIndex((state) => state === name)).filter((at) => at >= 0),
    ),
    workflow: numberIn(workflows, look.workflow),
    application: numberIn(applications, look.application),
    cause: numberIn(causes, look.cause),
  }
}

/** The look of the page before its reload. */
export function takeLook(): PageLook | undefined {
  try {
    const text = sessionStorage.getItem(KEY)
    sessionStorage.removeItem(KEY)
    return text === null ? undefined : (JSON.parse(text) as PageLook)
  } catch {
    // A browser may store nothing for pages from disk.
    return undefined
  }
}

/** Reloads the page at an interval, while it is visible and not in use. */
export function refreshEvery(seconds: number, look: () => PageLook): void {
  let usedMs = -Infinity
  for (const event of ['keydown', 'pointerdown', 'pointermove', 'wheel'])
    addEventListener(event, () => (usedMs = performance.now()), { passive: true })
  const refresh = (): void => {
    if (document.hidden || performance.now() - usedMs < BUSY_MS) return void setTimeout(refresh, BUSY_MS / 4)
    try {
      sessionStorage.setItem(KEY, JSON.stringify(look()))
    } catch {
      // See `takeLook`.
    }
    location.reload()
  }
  setTimeout(refresh, seconds * 1000)
}
