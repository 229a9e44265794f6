/**
 * Finds the files that a new job asks for. They are looked for in the spawner's folder and then in its parents' folders, and never leave
 * them: a job's specification may come from anywhere, and must not be a way to read what it likes.
 */
import fs from 'node:fs'
import path from 'node:path'
import { requestError } from '../core/errors.ts'
import { checkInputName } from '../site/jobs.ts'
import { STATE_FILE } from '../site/layout.ts'

const GLOB = /[*?[\]{}!()]/

/**
 * @param patterns plain names or globs, relative to each of `folders`
 * @param folders absolute; the first that has a match gives it
 * @returns absolute paths, no two with the same last name
 * @throws BjobError `missing-input`, `unsafe-path`, `reserved-name`, `input-clash`
 */
export async function findInputs(patterns: readonly string[], folders: readonly string[]): Promise<string[]> {
  const found = new Map<string, { readonly file: string; readonly folder: string }>()
  for (const pattern of patterns) {
    checkPattern(pattern)
    const matches = await findMatches(pattern, folders)
    if (matches.length === 0 && isPlain(pattern)) throw missingInput(pattern, folders)
    for (const { file, folder } of matches) {
      const name = path.basename(file)
      const known = found.get(name)
      if (known !== undefined && known.folder === folder && known.file !== file)
        throw inputClash(name, known.file, file)
      if (known !== undefined) continue
      checkInputName(name)
      checkInside(file, folder, pattern)
      found.set(name, { file, folder })
    }
  }
  return [...found.values()].map(({ file }) => file)
}

/** What the patterns find in a job's folder that is its own: not links to its parents' files, which another job gets from the parents. */
export async function findStaged(folder: string, patterns: readonly string[]): Promise<string[]> {
  const staged: string[] = []
  for (const pattern of patterns) {
    for (const { file } of await findMatches(pattern, [folder])) {
      if (!staged.includes(file) && !fs.lstatSync(file).isSymbolicLink()) staged.push(file)
    }
  }
  return staged
}

interface Match {
  readonly file: string
  readonly folder: string
}

async function findMatches(pattern: string, folders: readonly string[]): Promise<Match[]> {
  const matches: Match[] = []
  for (const folder of folders) {
    const literal = path.join(folder, pattern)
    if (fs.existsSync(literal)) return [...matches, { file: literal, folder }]
    if (isPlain(pattern)) continue
    // Most jobs name their files; the matcher is not even loaded for them.
    const { default: glob } = await import('fast-glob')
    const names = await glob(pattern, {
      cwd: folder,
      onlyFiles: false,
      dot: false,
      followSymbolicLinks: false,
      suppressErrors: true,
    })
    // bjob's own files in a parent's folder are not output of the parent.
    for (const name of names.sort())
      if (!isOwnFile(name, folder)) matches.push({ file: path.join(folder, name), folder })
  }
  return matches
}

function isOwnFile(name: string, folder: string): boolean {
  if (!fs.existsSync(path.join(folder, STATE_FILE))) return false
  try {
    checkInputName(path.basename(name))
    return false
  } catch {
    return true
  }
}

function isPlain(pattern: string): boolean {
  return !GLOB.test(pattern)
}

/** @throws BjobError `unsafe-path` for one that leads out of the folder that it is relative to */
export function checkPattern(pattern: string): void {
  if (!path.isAbsolute(pattern) && !pattern.split('/').includes('..')) return
  throw requestError('unsafe-path', `input_files has ${JSON.stringify(pattern)}, which leads out of the folder`, {
    field: 'input_files',
    hint: 'name files in the folder where you spawn; give others by their whole path in args',
  })
}

/** Refuses what is a link, or holds one, that leads out of `folder`. */
function checkInside(file: string, folder: string, pattern: string): void {
  const root = fs.realpathSync(folder)
  const check = (target: string): void => {
    let real: string
    try {
      real = fs.realpathSync(target)
    } catch {
      throw requestError('missing-input', `input file ${pattern} is a link to nothing`, {
        path: target,
        field: 'input_files',
      })
    }
    if (real !== root && !real.startsWith(`${root}${path.sep}`)) {
      throw requestError('unsafe-path', `input file ${pattern} is a link that leads out of the folder`, {
        path: target,
        field: 'input_files',
      })
    }
    const stat = fs.lstatSync(target)
    if (stat.isDirectory()) for (const name of fs.readdirSync(target)) check(path.join(target, name))
    else if (!fs.statSync(target).isFile() && !fs.statSync(target).isDirectory()) {
      throw requestError('unsafe-path', `input file ${pattern} is neither a file nor a folder`, {
        path: target,
        field: 'input_files',
      })
    }
  }
  check(file)
}

function missingInput(pattern: string, folders: readonly string[]): Error {
  return requestError('missing-input', `there is no input file ${pattern} in ${folders.join(' or ')}`, {
    field: 'input_files',
    hint: 'make the file before the job is spawned',
  })
}

function inputClash(name: string, one: string, other: string): Error {
  return requestError('input-clash', `two input files are called ${name}: ${one} and ${other}`, {
    field: 'input_files',
  })
}
