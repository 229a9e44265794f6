/**
 * The program with which the kernel runs a file: a script's interpreter, an ELF file's dynamic
 * loader.
 */
import fs from 'node:fs'

const HEAD_BYTES = 4096
const PT_INTERP = 3

/** @returns undefined if none is needed, or the file cannot be read */
export function readInterpreter(file: string): string | undefined {
  const head = readHead(file)
  if (head.toString('latin1', 0, 2) === '#!') return /^#![ \t]*([^ \t\n\0]*)/.exec(head.toString('utf8'))?.[1]
  return head.toString('latin1', 0, 4) === '\u007FELF' ? readLoader(head) : undefined
}

/** For 64-bit ELF files in this machine's byte order (elf(5)); others do not run here. */
function readLoader(head: Buffer): string | undefined {
  if (head[4] !== 2 || head[5] !== 1) return undefined
  const table = Number(head.readBigUInt64LE(32))
  const size = head.readUInt16LE(54)
  const count = head.readUInt16LE(56)
  for (let at = table; at < table + count * size && at + size <= head.length; at += size) {
    if (head.readUInt32LE(at) !== PT_INTERP) continue
    const from = Number(head.readBigUInt64LE(at + 8))
    const length = Number(head.readBigUInt64LE(at + 32))
    return head.toString('utf8', from, Math.min(from + length, head.length)).replace(/\0.*$/s, '')
  }
  return undefined
}

function readHead(file: string): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES)
  let descriptor: number | undefined
  try {
    if (!fs.statSync(file).isFile()) return Buffer.alloc(0)
    descriptor = fs.openSync(file, 'r')
    return bytes.subarray(0, fs.readSync(descriptor, bytes))
  } catch {
    return Buffer.alloc(0)
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor)
  }
}
