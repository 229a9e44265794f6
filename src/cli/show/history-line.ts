/** A history entry as printed by `show`, `history` and `ls --history`. */
import { wordsOf } from '../../core/life/event-words.ts'
import type { HistoryEntry } from '../../core/life/job-state.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** The columns of `--csv`. */
export const HISTORY_COLUMNS: readonly string[] = ['time', 'state', 'message', 'event']

/** Further lines of the message are indented. */
export function historyLine(entry: HistoryEntry, terminal: Terminal): string {
  const words = wordsOf(entry).replaceAll('\n', '\n    ')
  return `${entry.time} ${terminal.paintState(entry.state, entry.state)} ${words}`.trimEnd()
}
