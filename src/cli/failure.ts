/** From an error to the one line that a person reads, and the exit status. */
import path from 'node:path'
import { BjobError, type ErrorDetail } from '../core/errors.ts'
import { SpawnProblems } from '../client/spawn-plan.ts'

const SYSTEM: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EIO: 'the file system failed (input/output error)',
  EMFILE: 'too many open files; see `ulimit -n`',
  ENFILE: 'too many open files on this machine',
  ESTALE: 'the network file system lost track of a file; try again',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
}

export interface Failure {
  readonly text: string
  readonly status: number
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof SpawnProblems) {
    const lines = error.problems.map(
      (problem) => `bjob: ${oneLine(problem.message)}${whereText(problem.message, problem.detail)}`,
    )
    return { text: [...lines, `bjob: ${error.message}`].join('\n'), status: 2 }
  }
  if (error instanceof BjobError) {
    const { hint } = error.detail
    const lines = [`bjob: ${oneLine(error.message)}${whereText(error.message, error.detail)}`]
    if (hint !== undefined && hint !== '') lines.push(`hint: ${oneLine(hint)}`)
    return { text: lines.join('\n'), status: error.kind === 'request' ? 2 : 3 }
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const meaning = SYSTEM[code]
  if (meaning !== undefined && error instanceof Error) {
    const target = 'path' in error ? String(error.path) : 'dest' in error ? String(error.dest) : ''
    return { text: `bjob: ${meaning}${target === '' ? '' : ` (${nearPath(target)})`}`, status: 3 }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { text: `bjob: unexpected: ${oneLine(message)}; run again with --debug to see where`, status: 3 }
}

function whereText(message: string, { path: file, line, column, field }: ErrorDetail): string {
  const place =
    file === undefined
      ? []
      : [`${nearPath(file)}${line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`}`]
  const named = field === undefined || field === '' || message.includes(field.split('.').at(-1) ?? field) ? [] : [field]
  const words = [...place, ...named]
  return words.length === 0 ? '' : ` (${words.join(' ')})`
}

/** As somebody in this folder would call it, when that is shorter. */
function nearPath(file: string): string {
  if (!path.isAbsolute(file)) return file
  const relative = path.relative(process.cwd(), file)
  return relative !== '' && relative.length < file.length ? relative : file
}

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are just what has to go
  return text.replaceAll(/\s*\n\s*/g, '; ').replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '?')
}
