/** Whose fault it is that a command could not be started, by the system's error: the job's, which fails, or the node's, which may have room later. */

/** What a node, or the file system that it sees, lacks for a while. Everything else is wrong with the job. */
const OF_THE_NODE: ReadonlySet<string> = new Set([
  // No more processes, memory or open files.
  'EAGAIN',
  'ENOMEM',
  'EMFILE',
  'ENFILE',
  // The program is being written.
  'ETXTBSY',
  // The file system has lost a file, fails, or is full.
  'ESTALE',
  'EIO',
  'ENOSPC',
  'EDQUOT',
])

export function isFaultOfNode(code: string | undefined): boolean {
  return code !== undefined && OF_THE_NODE.has(code)
}
