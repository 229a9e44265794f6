/**
 * A line of a launcher's log: `2026-11-23T21:06:06.447Z WARN  job-ended widths/w64 FAILED: exit 1`.
 */
import { printable } from '../../lib/text/text-width.ts'

/**
 * `info`: normal events. `warn`: a job failed or restarts, without need for action. `error`: needs
 * action. In ascending order.
 */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const WIDTH = Math.max(...LOG_LEVELS.map((level) => level.length))

/** One line with its newline, whatever `message` contains. */
export function formatLogLine(time: string, level: LogLevel, event: string, message: string): string {
  return `${time} ${level.toUpperCase().padEnd(WIDTH)} ${event} ${printable(message)}\n`
}

/** @returns undefined for text that is not a log line, such as a torn one */
export function levelOfLine(line: string): LogLevel | undefined {
  const word = /^\S+Z ([A-Z]+) /.exec(line)?.[1]?.toLowerCase()
  return LOG_LEVELS.find((level) => level === word)
}
