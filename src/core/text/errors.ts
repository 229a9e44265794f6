/**
 * The one error type that a user can cause. It carries a stable code, one helpful line, and where it happened; the command line
 * turns `kind` into an exit status and prints `message` and `hint` without a stack.
 */

import { type ErrorCode, hintFor } from './error-hints.ts'

/** Who has to act: `request` = what was asked for is wrong (exit 2), `site` = the tree or the file system failed (exit 3). */
export type ErrorKind = 'request' | 'site'

export interface ErrorDetail {
  /** What to do about it, one line, starting with a verb; where it is left out, what `error-hints.ts` has for the code. */
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
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly detail: ErrorDetail

  constructor(kind: ErrorKind, code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.kind = kind
    this.code = code
    this.detail = detail
  }

  /** What to do about it, one line. */
  get hint(): string {
    return this.detail.hint ?? hintFor(this.code)
  }
}

/** A mistake in what was asked: exit status 2, and nothing has been changed. */
export function requestError(code: ErrorCode, message: string, detail?: ErrorDetail): BjobError {
  return new BjobError('request', code, message, detail)
}

/** The site or its file system failed: exit status 3. */
export function siteError(code: ErrorCode, message: string, detail?: ErrorDetail): BjobError {
  return new BjobError('site', code, message, detail)
}
