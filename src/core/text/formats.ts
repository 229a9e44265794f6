/**
 * The format numbers of files on disk (docs/reference/formats.md). A newer bjob reads older
 * formats; an older one refuses newer files in one line and does not change them. A file without a
 * number has format 1.
 */
import { type BjobError, siteError } from './errors.ts'

export const FORMATS = { state: 2, journal: 2, snapshot: 3, cursor: 2, lease: 1, settings: 1 } as const

/** @throws BjobError `newer-format` */
export function checkFormat(kind: keyof typeof FORMATS, found: unknown, path?: string): void {
  if (typeof found === 'number' && found > FORMATS[kind]) throw newerFormat(kind, found, path)
}

function newerFormat(kind: keyof typeof FORMATS, found: number, path: string | undefined): BjobError {
  return siteError(
    'newer-format',
    `this site was written by a newer bjob (format ${found}); this one reads up to ${FORMATS[kind]}`,
    path === undefined ? {} : { path },
  )
}
