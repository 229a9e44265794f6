/** Names of this node, as far as its caches reach. */
import fs from 'node:fs'
import { shortHost, uniqueToken } from '../../lib/token.ts'

/**
 * The name of this node's journal: kernel, mount and user. Two mounts on one node have separate
 * caches, and another user cannot write to this user's file.
 */
export function journalHost(root: string): string {
  return `${shortHost()}-${fingerprint(`${bootId()} ${fs.statSync(root).dev} ${process.getuid?.() ?? 0}`)}`
}

let ownBootId: string | undefined

/** The kernel's boot id, or a random one if there is none. */
export function bootId(): string {
  if (ownBootId === undefined) {
    try {
      ownBootId = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    } catch {
      ownBootId = uniqueToken()
    }
  }
  return ownBootId
}

/** FNV-1a, 32 bits: a name, not a secret. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(36)
}
