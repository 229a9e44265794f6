/** Names that no other process, on this node or another, generates. */
import os from 'node:os'

let prefix = ''
let count = 0

/**
 * Host, process, random part and counter: unique even if pids coincide and hosts share a name.
 * Letters, digits and `-` only.
 */
export function uniqueToken(): string {
  if (prefix === '') prefix = `${shortHost()}-${process.pid}-${chance()}`
  count += 1
  return `${prefix}-${count.toString(36)}`
}

/**
 * 50 bits seeded by V8 from the system's entropy. Not a secret; node:crypto would slow down short
 * commands.
 */
function chance(): string {
  return Math.floor(Math.random() * 2 ** 50)
    .toString(36)
    .padStart(10, '0')
}

/** This node's name without its domain, safe as a file name. */
export function shortHost(): string {
  return (os.hostname().split('.')[0] ?? '').replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 40) || 'host'
}
