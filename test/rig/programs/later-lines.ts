/**
 * Gives lines to the real terminal in one turn of the event loop, as a busy launcher does; says on
 * standard error that it goes on, and at last how many times it has asked for a write. Its
 * arguments: how many lines, and how long each is.
 */
import { createHook } from 'node:async_hooks'
import fs from 'node:fs'
import { Terminal } from '../../../src/cli/terminal/terminal.ts'

async function main([count = '', length = '']: readonly string[]): Promise<void> {
  const terminal = new Terminal()
  let writes = 0
  createHook({ init: (_, type) => void (type === 'FSREQCALLBACK' && (writes += 1)) }).enable()
  for (let at = 0; at < Number(count); at++) terminal.writeLater(`${String(at).padEnd(Number(length), '.')}\n`)
  setTimeout(() => fs.writeSync(2, 'it goes on\n'))
  await terminal.settled(60_000)
  fs.writeSync(2, JSON.stringify({ isBehind: terminal.isBehind, writes }))
}

void main(process.argv.slice(2))
