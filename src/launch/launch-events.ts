/** Events that a launcher reports to its log, a terminal or a test. */
import { explainSystemError } from '../core/text/system-error.ts'
import { codeOf, isForbidden } from '../site/disk/disk.ts'
import { type LogLevel, formatLogLine } from '../core/text/log-line.ts'

export interface LaunchEvent {
  readonly kind:
    | 'started'
    | 'recovered'
    | 'job-started'
    | 'job-ended'
    | 'job-lost'
    | 'edited'
    | 'draining'
    | 'problem'
    | 'ended'
  /** One line for a person. */
  readonly message: string
  /** The job that it is about. */
  readonly id?: string
  /**
   * The cause of a problem without the names of jobs or files, shared by problems that occur
   * together.
   */
  readonly cause?: string
  /** New state of the job. */
  readonly state?: string
}

export type Reporter = (event: LaunchEvent) => void

/** The event as a line of the launcher's log. */
export function formatEvent(event: LaunchEvent, time: Date): string {
  return formatLogLine(time.toISOString(), levelOf(event), event.kind, event.message)
}

function levelOf({ kind, state }: LaunchEvent): LogLevel {
  if (kind === 'problem') return 'error'
  if (kind === 'job-lost' || kind === 'recovered') return 'warn'
  return kind === 'job-ended' && (state === 'FAILED' || state === 'RESTART_READY') ? 'warn' : 'info'
}

/** The result of a launcher's run. */
export interface LaunchSummary {
  readonly launcher: string
  /** Why it ended. */
  readonly reason: string
  readonly finished: number
  readonly failed: number
  /** Stopped by the end of the launcher and left to restart. */
  readonly interrupted: number
  readonly killed: number
  /** Claims that another launcher won. */
  readonly outrun: number
  /** Jobs of dead launchers that could not be taken over. */
  readonly leftBehind: readonly { readonly id: string; readonly reason: string }[]
}

/** A job's problem in one line. A forbidden folder is the most frequent on shared sites. */
export function problemText(error: unknown): string {
  if (!isForbidden(error)) return messageOf(error)
  const { meaning, path = '' } = explainSystemError(error) ?? { meaning: messageOf(error) }
  return `${meaning} (${path}): the job is left to other launchers; on a shared site, everyone needs umask 002`
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The cause of a problem, independent of the job or file. */
export function errorCause(error: unknown): string {
  return codeOf(error) === '' ? messageOf(error) : codeOf(error)
}
