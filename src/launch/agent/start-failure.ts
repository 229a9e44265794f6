/** Why a command could not be started, in words that name the file that is at fault. */
import fs from 'node:fs'
import path from 'node:path'
import { readInterpreter } from '../../lib/process/interpreter.ts'
import { findCommand } from '../../lib/process/run-command.ts'

/** The system's code of an error, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** @param searchPath the PATH of the environment that the command gets */
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
  if (file === undefined || interpreter === undefined) return message
  return `${file} is run by ${JSON.stringify(interpreter)}, which does not exist${lineEndHint(interpreter)}`
}

/** What the editors of other systems leave at the end of a line becomes a part of the interpreter's name. */
function lineEndHint(interpreter: string): string {
  return interpreter.endsWith('\r') ? ": the line ends in a carriage return; remove it with `sed -i 's/\\r$//'`" : ''
}
