/**
 * Finds the files of `input_files`: names or globs relative to a folder that they must not leave.
 * Specifications come from anywhere, and must not give access to other files.
 */
import path from 'node:path'
import type { Entry } from 'fast-glob'
import { requestError } from '../../core/text/errors.ts'
import { type JobId, splitId } from '../../core/job/id.ts'
import type { InputFile } from '../../core/life/job-inputs.ts'
import { defined } from '../../lib/defined.ts'
import { unlessGone } from '../disk/disk.ts'

import { STATE_FILE, isReserved } from '../disk/layout.ts'
import type { Site } from '../site.ts'

export function isGlob(pattern: string): boolean {
  return /[*?[\]{}!()]/.test(pattern)
}

/** True for a pattern that matches everything, which may be nothing. */
export function isForAll(pattern: string): boolean {
  return /^[*/]+$/.test(pattern)
}

/** @throws BjobError `unsafe-path` for a pattern that leads out of its folder; `reserved-name` */
export function checkPattern(pattern: string): void {
  if (path.isAbsolute(pattern) || pattern.split('/').includes('..')) {
    throw requestError(
      'unsafe-path',
      `input_files contains ${JSON.stringify(pattern)}, which leads out of the folder`,
      {
        field: 'input_files',
        hint: 'name files below the current folder; pass others by absolute path in args',
      },
    )
  }
  if (!isGlob(pattern)) checkInputName(path.basename(pattern))
}

/**
 * Absolute paths of the matches of `pattern` in `folder`: a file with exactly that name, otherwise
 * a glob's matches. Excludes bjob's own files in the folder of a job or a site.
 */
export async function findMatches(site: Site, folder: string, pattern: string): Promise<string[]> {
  const { disk } = site
  const literal = path.join(folder, pattern)
  if ((await disk.stat(literal)) !== undefined) return [literal]
  // Most jobs name their files, so the glob matcher is loaded on demand.
  if (!isGlob(pattern)) return []
  const { default: glob } = await import('fast-glob')
  const options = { cwd: folder, onlyFiles: false, dot: false, followSymbolicLinks: false, suppressErrors: true }
  const found = await glob(pattern, { ...options, objectMode: true })
  const isOwn = await ownNames(site, folder)
  return found
    .filter(hasContent)
    .map(({ path: name }) => name)
    .filter((name) => !isOwn(name))
    .toSorted()
    .map((name) => path.join(folder, name))
}

/**
 * The content of a link to `file` in a job's folder. Relative inside the site, which may be moved.
 * @param dir the job's folder, or one beside it
 */
export function linkContent({ layout }: Site, dir: string, file: string): string {
  return file.startsWith(`${layout.root}${path.sep}`) ? path.relative(dir, file) : file
}

/** True if a glob's match can be copied: not a pipe, a socket or a device. */
export function hasContent({ dirent }: Entry): boolean {
  return dirent.isFile() || dirent.isDirectory() || dirent.isSymbolicLink()
}

async function ownNames({ disk, layout }: Site, folder: string): Promise<(name: string) => boolean> {
  if ((await disk.stat(path.join(folder, STATE_FILE))) !== undefined) return (name) => isReserved(path.basename(name))
  if ((await disk.realpath(folder)) !== (await disk.realpath(layout.root))) return () => false
  const { settings, apps, jobs, launchers, journal, templates, trash, submissions } = layout
  const own = [settings, apps, jobs, launchers, journal, templates, trash, submissions].map((file) =>
    path.basename(file),
  )
  return (name) => own.includes(name.split('/', 1)[0] ?? '')
}

/**
 * The matches of `patterns` in the folders of `parents`, in order. For equal names, the later
 * parent's name is appended (`x.dat`, `x.dat_task2`), as in Balsam.
 * @returns also the patterns without a match
 * @throws BjobError `input-clash` if one parent has two files with the same name
 */
export async function findParentInputs(
  site: Site,
  parents: readonly JobId[],
  patterns: readonly string[],
): Promise<{ inputs: InputFile[]; unmatched: string[] }> {
  const inputs = new Map<string, InputFile>()
  const taken = new Map<string, JobId>()
  const unmatched = new Set(patterns)
  for (const parent of patterns.length === 0 ? [] : parents) {
    const folder = site.layout.job(parent).dir
    await unlessGone(site.disk.refresh(folder))
    for (const pattern of patterns) {
      for (const file of await findMatches(site, folder, pattern)) {
        unmatched.delete(pattern)
        if (inputs.has(file)) continue
        const base = path.basename(file)
        const { workflow, name: own } = splitId(parent)
        const name = [base, `${base}_${own}`, `${base}_${workflow}+${own}`].find((free) => !taken.has(free))
        if (name === undefined || taken.get(base) === parent) throw inputClash(base, file)
        taken.set(name, parent)
        inputs.set(file, { file, name })
      }
    }
  }
  return { inputs: [...inputs.values()], unmatched: [...unmatched] }
}

/**
 * The target of a link that leads out of the site, or to nothing: copies keep such a link, because
 * bjob must not read outside.
 * @returns undefined for a file inside the site
 */
export async function leadsOutTo({ disk, layout }: Site, file: string): Promise<string | undefined> {
  if ((await disk.stat(file))?.isSymbolicLink() !== true) return undefined
  const real = await unlessGone(disk.realpath(file))
  if (real === undefined) return path.resolve(path.dirname(file), await disk.readlink(file))
  return real.startsWith(`${await disk.realpath(layout.root)}${path.sep}`) ? undefined : real
}

/**
 * Refuses a file that is, or contains, a link out of `root`, or that is not a regular file.
 * @throws BjobError `unsafe-path`, `missing-input` for a broken link
 */
export async function checkLinks({ disk, layout }: Site, file: string, root: string): Promise<void> {
  const inside = `${await disk.realpath(root)}${path.sep}`
  const place = root === layout.root ? 'site' : 'folder'
  const seen = new Set<string>()
  const check = async (target: string, name: string): Promise<void> => {
    const refuse = (code: 'missing-input' | 'unsafe-path', problem: string, hint?: string): Error => {
      const detail = { path: target, field: 'input_files', ...defined({ hint }) }
      return requestError(code, `input file ${name} ${problem}`, detail)
    }
    const real = await unlessGone(disk.realpath(target))
    if (real === undefined) throw refuse('missing-input', 'is a link to nothing')
    if (!real.startsWith(inside))
      throw refuse('unsafe-path', `is a link that leads out of the ${place}, to ${real}`, outsideHint(real, place))
    if (seen.has(real)) return
    seen.add(real)
    const stat = await disk.stat(real)
    if (stat?.isDirectory() !== true && stat?.isFile() !== true)
      throw refuse('unsafe-path', 'is neither a file nor a folder', 'pipes, sockets and devices cannot be copied')
    // Copies follow links, so their targets are checked too.
    for (const entry of stat.isDirectory() ? await disk.list(real) : [])
      await check(path.join(target, entry.name), path.join(name, entry.name))
  }
  await check(file, path.basename(file))
}

function outsideHint(real: string, place: string): string {
  const byPath = `pass ${real} by absolute path in args`
  return place === 'site' ? `${byPath}, or use input_mode: link` : byPath
}

export function inputClash(name: string, ...files: readonly string[]): Error {
  return requestError('input-clash', `several input files have the name ${name}: ${files.join(' and ')}`, {
    field: 'input_files',
  })
}

/** Refuses input files with the names of bjob's own files. @throws BjobError `reserved-name` */
export function checkInputName(name: string): void {
  if (!isReserved(name)) return
  throw requestError(
    'reserved-name',
    `an input file cannot have the name ${name}, which bjob uses in every job's folder`,
    { field: 'input_files' },
  )
}
