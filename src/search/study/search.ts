/** The definition of a search as written by its author. */
import { checkData } from '../../core/job/check-spec.ts'
import { BjobError, requestError } from '../../core/text/errors.ts'
import { type Space, parseSpace } from '../space/space.ts'

/** A parsed definition. */
export interface Search {
  readonly space: Space
  /** The space as written, for the jobs' inputs. */
  readonly document: unknown
  /** Passed unchanged to each evaluation. */
  readonly params: unknown
}

/**
 * Parses a search: a space (see `parseSpace`), and `params`, which every evaluation gets with its
 * point.
 * @throws BjobError `bad-space`
 */
export function parseSearch(input: unknown): Search {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { space: parseSpace(input), document: input, params: undefined }
  const { params, ...document } = input as Readonly<Record<string, unknown>>
  if (params !== undefined) checkParams(params)
  return { space: parseSpace(document), document, params }
}

/** Checks that params can be written as JSON. */
function checkParams(params: unknown): void {
  try {
    checkData(params)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const place = (text: string): string => text.replace(/^data/, 'params')
    throw requestError('bad-space', place(error.message), { field: place(error.detail.field ?? '') })
  }
}
