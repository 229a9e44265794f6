/** What a launcher tells whoever watches it: its log, a terminal, a test. */
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
  /** Of a problem that others may have in the same moment: what it is, for all of them. */
  readonly cause?: string
  /** The state that the job is in now. */
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

/** What a launcher has done by its end. */
export interface LaunchSummary {
  readonly launcher: string
  /** Why it ended. */
  readonly reason: string
  readonly finished: number
  readonly failed: number
  /** Stopped by the launcher's own end, to be started again. */
  readonly interrupted: number
  readonly killed: number
  /** Jobs that it reached for and that another launcher had taken first. */
  readonly outrun: number
  /** Jobs of dead launchers that could not be taken back. */
  readonly leftBehind: readonly { readonly id: string; readonly reason: string }[]
}

/** What went wrong with a job, for a person; a forbidden folder is the commonest in a site of several users. */
export function problemText(error: unknown): string {
  if (!isForbidden(error)) return messageOf(error)
  const { meaning, path = '' } = explainSystemError(error) ?? { meaning: messageOf(error) }
  return `${meaning} (${path}): the job is left to other launchers; on a shared site, everyone needs umask 002`
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What a problem is, whichever job or file it is about. */
export function errorCause(error: unknown): string {
  return codeOf(error) === '' ? messageOf(error) : codeOf(error)
}
