/**
 * bjob's own files. A job or a user may replace one by anything; that is reported by name and
 * affects that file only.
 */
import path from 'node:path'
import type { ErrorCode } from '../../core/text/error-hints.ts'
import { requestError, siteError } from '../../core/text/errors.ts'
import { type Disk, codeOf, isForbidden } from './disk.ts'
import { type Links, MOST_TEXT_BYTES } from './read.ts'

const FAULTS: Readonly<Record<string, string>> = {
  EISDIR: 'is a folder, not a file',
  ENOTFILE: 'is a pipe or a device, not a file',
  ENXIO: 'is a socket, not a file',
  ELOOP: 'is a link to itself',
  EFBIG: `exceeds bjob's limit of ${MOST_TEXT_BYTES / 1024 / 1024} MiB`,
}

/** Describes an unreadable file with its name; undefined if the file system failed. */
export function describeFault(error: unknown, file: string): string | undefined {
  const problem = isForbidden(error) ? 'cannot be read: permission denied' : FAULTS[codeOf(error)]
  return problem === undefined ? undefined : `${path.basename(file)} ${problem}`
}

export type ReadText = (disk: Disk, file: string, links?: Links) => Promise<string>

export const readPlain: ReadText = (disk, file, links) => disk.readText(file, undefined, links)

/**
 * Reads one of bjob's own files. @throws BjobError `code`, `forbidden-file` if unreadable; the file
 * system's errors
 */
export async function readOwnFile(
  disk: Disk,
  file: string,
  read: ReadText = readPlain,
  code: ErrorCode = 'broken-job',
): Promise<string> {
  try {
    return await read(disk, file, 'refuse')
  } catch (error) {
    const isLink = codeOf(error) === 'ELOOP'
    const message = isLink ? `${path.basename(file)} is a link, not a file` : describeFault(error, file)
    if (message === undefined) throw error
    throw siteError(isForbidden(error) ? 'forbidden-file' : code, message, { path: file, cause: error })
  }
}

/** The error for a file requested by name. @returns `error` itself if the file system failed */
export function requestedFault(error: unknown, file: string): unknown {
  const message = describeFault(error, file)
  return message === undefined ? error : requestError('unreadable-file', message, { path: file, cause: error })
}
