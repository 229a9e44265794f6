/**
 * The error type for problems that a user can cause. It has a stable code, a one-line message and a
 * location; the command line maps `kind` to an exit status and prints `message` and `hint` without
 * a stack.
 */

import { type ErrorCode, hintFor } from './error-hints.ts'

/**
 * `request`: the request is invalid (exit 2). `site`: the tree or the file system failed (exit 3).
 */
export type ErrorKind = 'request' | 'site'

export interface ErrorDetail {
  /**
   * The remedy in one line that starts with a verb; by default the hint of the code in
   * `error-hints.ts`.
   */
  readonly hint?: string
  /** The file concerned. */
  readonly path?: string
  /** 1-based, in `path`. */
  readonly line?: number
  readonly column?: number
  /** The field concerned, as a dotted path. */
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

  /** The remedy, in one line. */
  get hint(): string {
    return this.detail.hint ?? hintFor(this.code)
  }
}

/** An invalid request: exit status 2, and nothing has been changed. */
export function requestError(code: ErrorCode, message: string, detail?: ErrorDetail): BjobError {
  return new BjobError('request', code, message, detail)
}

/** A failure of the site or its file system: exit status 3. */
export function siteError(code: ErrorCode, message: string, detail?: ErrorDetail): BjobError {
  return new BjobError('site', code, message, detail)
}
