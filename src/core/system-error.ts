/** What the file system's errors mean, in words: for the command line and for a session's driver. */

const MEANINGS: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EIO: 'the file system failed (input/output error)',
  EMFILE: 'too many open files; see `ulimit -n`',
  ENFILE: 'too many open files on this machine',
  ESTALE: 'the network file system lost track of a file; try again',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
}

export interface SystemFailure {
  readonly meaning: string
  /** The file that it is about; empty where the system did not say. */
  readonly path: string
}

/** @returns undefined for any other error, and for one that needs no words of its own */
export function explainSystemError(error: unknown): SystemFailure | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const meaning = MEANINGS[String(error.code)]
  if (meaning === undefined) return undefined
  return { meaning, path: 'path' in error ? String(error.path) : 'dest' in error ? String(error.dest) : '' }
}
