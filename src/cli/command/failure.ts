/** Turns an error into a one-line message and an exit status. */
import fs from 'node:fs'
import path from 'node:path'
import { BjobError, type ErrorDetail } from '../../core/text/errors.ts'
import { explainSystemError } from '../../core/text/system-error.ts'
import { SpawnProblems } from '../../client/spawn/spawn-problems.ts'

export interface FailureReport {
  readonly text: string
  readonly status: number
}

/**
 * @param packageRoot folder of bjob's package
 * @param command the called command, if known, for hints to its help
 */
export function describeFailure(error: unknown, packageRoot: string, command?: string): FailureReport {
  if (error instanceof SpawnProblems) {
    const lines = error.problems.map(
      (problem) => `bjob: ${oneLine(problem.message)}${whereText(problem.message, problem.detail)}`,
    )
    return { text: [...lines, `bjob: ${error.message}`, `hint: ${error.hint}`].join('\n'), status: 2 }
  }
  if (error instanceof BjobError) {
    const hint = command === undefined ? error.hint : error.hint.replace('bjob COMMAND', `bjob ${command}`)
    const lines = [`bjob: ${oneLine(error.message)}${whereText(error.message, error.detail)}`, `hint: ${oneLine(hint)}`]
    return { text: lines.join('\n'), status: error.kind === 'request' ? 2 : 3 }
  }
  const failure = explainSystemError(error)
  if (failure !== undefined) {
    const where = failure.path === '' ? '' : ` (${nearPath(failure.path)})`
    return {
      text: `bjob: ${failure.meaning}${where}\nhint: ${failure.hint}`,
      status: failure.isRequest === true ? 2 : 3,
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  if (isOfPackage(error, packageRoot))
    return { text: `bjob: the installation is damaged: ${oneLine(message)}\nhint: reinstall bjob`, status: 3 }
  const gone = findGone(error)
  if (gone !== undefined)
    return {
      text: `bjob: ${oneLine(gone)} has disappeared\nhint: restore it, or start again in its new place`,
      status: 3,
    }
  return { text: `bjob: unexpected error: ${oneLine(message)}\nhint: rerun with --debug for a stack trace`, status: 3 }
}

/** The outermost missing folder, such as a moved or deleted site. */
function findGone(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && 'path' in error && error.code === 'ENOENT')) return undefined
  let gone: string | undefined
  for (let part = path.resolve(String(error.path)); !fs.existsSync(part); part = path.dirname(part)) gone = part
  return gone
}

/** True for a missing file of bjob's installation. */
function isOfPackage(error: unknown, packageRoot: string): boolean {
  const { path: file } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  return ['bin', 'dist', 'templates', 'package.json'].some(
    (part) => file?.startsWith(path.join(packageRoot, part)) === true,
  )
}

function whereText(message: string, { path: file, line, column, field }: ErrorDetail): string {
  const isSaid =
    file !== undefined && line === undefined && (message.includes(file) || hasWord(message, nearPath(file)))
  const place =
    file === undefined || isSaid
      ? []
      : [`${nearPath(file)}${line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`}`]
  const named = field === undefined || field === '' || message.includes(field.split('.').at(-1) ?? field) ? [] : [field]
  const words = [...place, ...named]
  return words.length === 0 ? '' : ` (${words.join(' ')})`
}

/**
 * True if `text` contains `word`, not as a part of a longer one: a file `c` is not named by
 * `selection`.
 */
function hasWord(text: string, word: string): boolean {
  const at = text.indexOf(word)
  if (at < 0) return false
  const isPart = /\w/.test(text[at - 1] ?? '') || /\w/.test(text[at + word.length] ?? '')
  return !isPart || hasWord(text.slice(at + 1), word)
}

/** The path relative to the current folder, if that is shorter. */
function nearPath(file: string): string {
  if (!path.isAbsolute(file)) return file
  const relative = path.relative(currentFolder(), file)
  return relative !== '' && relative.length < file.length ? relative : file
}

/** Undefined if it was deleted. */
function currentFolder(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are just what has to go
  return text.replaceAll(/\s*\n\s*/g, '; ').replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '?')
}
