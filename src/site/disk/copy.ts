/**
 * Copies files and folders, replacing links by their targets. With `durable`, flushes everything.
 */
import fs from 'node:fs'
import path from 'node:path'

const COPYING = { recursive: true, dereference: true, preserveTimestamps: true }

export function copySync(from: string, to: string, durable: boolean): void {
  fs.cpSync(from, to, COPYING)
  if (durable) flushSync(to)
}

export async function copy(from: string, to: string, durable: boolean): Promise<void> {
  await fs.promises.cp(from, to, COPYING)
  if (durable) await flush(to)
}

/** Flushes a file, or all files below a folder. */
function flushSync(target: string): void {
  if (fs.statSync(target).isDirectory()) {
    for (const name of fs.readdirSync(target)) flushSync(path.join(target, name))
    return
  }
  const fd = fs.openSync(target, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

async function flush(target: string): Promise<void> {
  if ((await fs.promises.stat(target)).isDirectory()) {
    for (const name of await fs.promises.readdir(target)) await flush(path.join(target, name))
    return
  }
  const file = await fs.promises.open(target, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
