/** Meanings and remedies of file-system errors, for the command line and for a session's driver. */

const ROOM = 'free some space (`bjob rm --purge` empties the trash); repeat an interrupted spawn with --if-exists reuse'
const PERMISSIONS = 'check it and the folders above with `ls -ld`; README describes how a group shares a site'

const MEANINGS: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  EROFS: [
    'the file system is read-only',
    'home folders are often read-only on compute nodes: put the site where jobs may write',
  ],
  ENOSPC: ['the disk is full', ROOM],
  EDQUOT: ['your quota is used up', ROOM],
  EACCES: ['permission denied', PERMISSIONS],
  EPERM: ['permission denied', PERMISSIONS],
  EIO: [
    'the file system failed (input/output error)',
    'try again; if the error persists, report it to the administrators of the file system',
  ],
  EMFILE: ['too many open files', 'raise the limit: `ulimit -n 4096`'],
  ENFILE: ['too many open files on this machine', 'try again, or on another node'],
  ENOTCONN: ['the file system is no longer mounted', 'mount it again; nothing is lost'],
  ESTALE: ['the network file system lost track of a file', 'try again'],
  ENOTDIR: ['part of the path is a file, not a folder', 'correct the path, or move that file away'],
  ENOTFILE: ['it is a pipe or a device, not a file', 'name a file'],
  ENXIO: ['it is a socket or a pipe, not a file', 'name a file'],
  ELOOP: ['it is a link to itself', 'name a file'],
  EFBIG: ["the file is larger than bjob's limit", 'check it with `ls -l`'],
  EISDIR: ['it is a folder, not a file', 'name a file'],
}

export interface SystemFailure {
  readonly meaning: string
  /** The remedy. */
  readonly hint: string
  /** The file concerned; empty if the system did not report it. */
  readonly path: string
  /** The caller must correct it, and nothing has been changed. */
  readonly isRequest?: true
}

/** @returns undefined for other errors, and for those that need no explanation */
export function explainSystemError(error: unknown): SystemFailure | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if ('syscall' in error && error.syscall === 'uv_cwd')
    return {
      meaning: 'the current folder has been deleted',
      hint: 'change to an existing folder with `cd`',
      path: '',
      isRequest: true,
    }
  const [meaning, hint] = MEANINGS[String(error.code)] ?? []
  if (meaning === undefined || hint === undefined) return undefined
  return { meaning, hint, path: 'path' in error ? String(error.path) : 'dest' in error ? String(error.dest) : '' }
}
