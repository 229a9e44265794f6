/**
 * Classifies failed starts by the system's error: caused by the job, which fails, or by the node,
 * which may recover.
 */

/** Temporary shortages of the node or its file system. All other errors are the job's. */
const OF_THE_NODE: ReadonlySet<string> = new Set([
  // Processes, memory or open files.
  'EAGAIN',
  'ENOMEM',
  'EMFILE',
  'ENFILE',
  // The program is being written.
  'ETXTBSY',
  // The file system lost a file, failed, or is full.
  'ESTALE',
  'EIO',
  'ENOSPC',
  'EDQUOT',
])

export function isFaultOfNode(code: string | undefined): boolean {
  return code !== undefined && OF_THE_NODE.has(code)
}
