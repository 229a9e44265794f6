/** Explains why a command could not be started, naming the file at fault. */
import fs from 'node:fs'
import path from 'node:path'
import { readInterpreter } from '../../lib/process/interpreter.ts'
import { findCommand } from '../../lib/process/run-command.ts'

/** The system's error code, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** @param searchPath PATH of the command's environment */
export function explainStart(
  error: unknown,
  { words: [name = ''], cwd }: { readonly words: readonly string[]; readonly cwd: string },
  searchPath: string | undefined,
): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = systemCode(error)
  if (code === 'EACCES' && message.endsWith(' EACCES')) return `${message}: is it executable?`
  if (code !== 'ENOENT' || !message.startsWith('spawn ')) return message
  if (!fs.existsSync(cwd)) return `${message}: its folder ${cwd} is gone`
  const file = name.includes('/') ? path.resolve(cwd, name) : findCommand(name, searchPath)
  const interpreter = file === undefined ? undefined : readInterpreter(file)
  if (file === undefined) return `program ${name} not found in PATH ${searchPath ?? ''}`.trimEnd()
  if (!fs.existsSync(file)) return `program ${file} not found`
  if (interpreter === undefined) return message
  return `${file} is run by ${JSON.stringify(interpreter)}, which does not exist${lineEndHint(interpreter)}`
}

/**
 * Editors on other systems end lines with a carriage return, which becomes part of the
 * interpreter's name.
 */
function lineEndHint(interpreter: string): string {
  return interpreter.endsWith('\r') ? ": the line ends in a carriage return; remove it with `sed -i 's/\\r$//'`" : ''
}
