/**
 * The one error type that a user can cause. It carries a stable code, one helpful line, and where it happened; the command line
 * turns `kind` into an exit status and prints `message` and `hint` without a stack.
 */

/** Who has to act: `request` = what was asked for is wrong (exit 2), `site` = the tree or the file system failed (exit 3). */
export type ErrorKind = 'request' | 'site'

export interface ErrorDetail {
  /** What to do about it, one line, starting with a verb. */
  readonly hint?: string
  /** The file it is about. */
  readonly path?: string
  /** 1-based, in `path`. */
  readonly line?: number
  readonly column?: number
  /** The field it is about, dotted. */
  readonly field?: string
  readonly cause?: unknown
}

export class BjobError extends Error {
  override readonly name = 'BjobError'
  readonly code: string
  readonly kind: ErrorKind
  readonly detail: ErrorDetail

  /** @param code stable, kebab-case, part of the interface: `unknown-field`, `name-taken`, … */
  constructor(kind: ErrorKind, code: string, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.kind = kind
    this.code = code
    this.detail = detail
  }
}

/** A mistake in what was asked: exit status 2, and nothing has been changed. */
export function requestError(code: string, message: string, detail?: ErrorDetail): BjobError {
  return new BjobError('request', code, message, detail)
}

/** The site or its file system failed: exit status 3. */
export function siteError(code: string, message: string, detail?: ErrorDetail): BjobError {
  return new BjobError('site', code, message, detail)
}
