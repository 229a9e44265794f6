/** Names that no other process, on this node or another, makes. */
import os from 'node:os'

let prefix = ''
let count = 0

/** Host, process, chance and count: unique though pids coincide between nodes and hosts are named alike. Letters, digits and `-` only. */
export function uniqueToken(): string {
  if (prefix === '') prefix = `${shortHost()}-${process.pid}-${chance()}`
  count += 1
  return `${prefix}-${count.toString(36)}`
}

/** 50 bits that V8 seeded from the system's entropy: no secret, and node:crypto would take a tenth of a short command's time to load. */
function chance(): string {
  return Math.floor(Math.random() * 2 ** 50)
    .toString(36)
    .padStart(10, '0')
}

/** This node's name without its domain, fit for a file's name. */
export function shortHost(): string {
  return (os.hostname().split('.')[0] ?? '').replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 40) || 'host'
}
