/** bjob's files in a job's folder. A job writes what it likes under any name there: whatever stands in the place of one is that job's problem alone. */
import path from 'node:path'
import { requestError, siteError } from '../../core/text/errors.ts'
import { type Disk, codeOf, isForbidden } from '../disk/disk.ts'
import { MOST_TEXT_BYTES } from '../disk/read.ts'

const FAULTS: Readonly<Record<string, string>> = {
  EISDIR: 'is a folder, not a file',
  ENOTFILE: 'is a pipe or a device, not a file',
  ENXIO: 'is a socket, not a file',
  ELOOP: 'is a link that leads to itself',
  EFBIG: `has more than ${MOST_TEXT_BYTES / 1024 / 1024} MiB, the most that bjob reads`,
}

/** What is wrong with the file that could not be read, with its name; undefined when the file system failed. */
export function describeFault(error: unknown, file: string): string | undefined {
  const problem = isForbidden(error) ? 'may not be read: permission denied' : FAULTS[codeOf(error)]
  return problem === undefined ? undefined : `${path.basename(file)} ${problem}`
}

export type ReadText = (disk: Disk, file: string) => Promise<string>

export const readPlain: ReadText = (disk, file) => disk.readText(file)

/** One of bjob's own files. @throws BjobError `broken-job`, `forbidden-file` for what cannot be read; the file system's errors */
export async function readOwnFile(disk: Disk, file: string, read: ReadText = readPlain): Promise<string> {
  try {
    return await read(disk, file)
  } catch (error) {
    const message = describeFault(error, file)
    if (message === undefined) throw error
    throw siteError(isForbidden(error) ? 'forbidden-file' : 'broken-job', message, { path: file, cause: error })
  }
}

/** The error of a file that somebody asked for by name. @returns what it was given, when the file system failed */
export function requestedFault(error: unknown, file: string): unknown {
  const message = describeFault(error, file)
  return message === undefined ? error : requestError('unreadable-file', message, { path: file, cause: error })
}
