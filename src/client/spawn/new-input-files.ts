/**
 * Finds the input files of a new job: from the spawning folder and, unless it waits for them, from
 * its parents.
 */
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import { type InputFile, type NewInputFile, filesAtBirth, waitsForInputs } from '../../core/life/job-inputs.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { unlessGone } from '../../site/disk/disk.ts'
import {
  checkInputName,
  checkLinks,
  checkPattern,
  findMatches,
  findParentInputs,
  inputClash,
  isForAll,
  isGlob,
  leadsOutTo,
} from '../../site/job/input-files.ts'
import { readJobState } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'

export interface InputSource {
  /** Absolute folder of the spawner. */
  readonly folder: string
  /** The files of a copied job's original. The rest comes from parents, not from `folder`. */
  readonly staged?: readonly NewInputFile[]
  /** True if parents may still write requested files. */
  readonly isEarly: boolean
}

/**
 * The requested files that exist now. The spawner's folder takes precedence over parents.
 * @throws BjobError `missing-input` if a file does not exist and will not; `unsafe-path`,
 *   `reserved-name`, `input-clash`
 */
export async function findNewInputs(
  site: Site,
  spec: JobSpec,
  { folder, staged, isEarly }: InputSource,
): Promise<NewInputFile[]> {
  const { inputFiles, parents } = spec
  for (const pattern of inputFiles) checkPattern(pattern)
  if (inputFiles.length === 0) return [...(staged ?? [])]
  const isWaiting = waitsForInputs(spec)
  const isParents = isWaiting && (await isFolderOf(site, parents, folder))
  const own =
    staged === undefined && !isParents ? await findOwn(site, folder, inputFiles) : { inputs: [], unmatched: inputFiles }
  const names = new Set([...(staged ?? []), ...own.inputs].map(({ name }) => name))
  const open = inputFiles.filter((pattern) => isGlob(pattern) || !names.has(path.basename(pattern)))
  const theirs = isEarly ? { inputs: [], unmatched: [] } : await findParentInputs(site, parents, open)
  const missing = theirs.unmatched.find(
    (pattern) => own.unmatched.includes(pattern) && !isForAll(pattern) && (staged === undefined || !isGlob(pattern)),
  )
  if (missing !== undefined) throw missingInput(missing, folder, parents)
  const taken = isWaiting ? [] : theirs.inputs.filter(({ name }) => !names.has(name))
  const mode = spec.inputMode ?? 'copy'
  const inputs: NewInputFile[] = [...(staged ?? []), ...own.inputs.map((input) => ({ ...input, mode }))]
  for (const input of taken) {
    const outside = mode === 'link' ? undefined : await leadsOutTo(site, input.file)
    if (mode === 'copy' && outside === undefined) await checkLinks(site, input.file, site.layout.root)
    inputs.push(outside === undefined ? { ...input, mode } : { ...input, file: outside, mode: 'link' })
  }
  return inputs
}

async function findOwn(
  site: Site,
  folder: string,
  patterns: readonly string[],
): Promise<{ inputs: InputFile[]; unmatched: string[] }> {
  const found = new Map<string, string>()
  const unmatched: string[] = []
  const root = site.layout.idOf(folder) === undefined ? folder : site.layout.root
  for (const pattern of patterns) {
    const matches = await findMatches(site, folder, pattern)
    if (matches.length === 0) unmatched.push(pattern)
    for (const file of matches) {
      const name = path.basename(file)
      const known = found.get(name)
      if (known === file) continue
      if (known !== undefined) throw inputClash(name, known, file)
      checkInputName(name)
      await checkLinks(site, file, root)
      found.set(name, file)
    }
  }
  return { inputs: Array.from(found, ([name, file]) => ({ file, name })), unmatched }
}

/** A job that spawns in its own folder: it is a parent's folder, which may still change. */
async function isFolderOf({ disk, layout }: Site, jobs: readonly JobId[], folder: string): Promise<boolean> {
  const real = await unlessGone(disk.realpath(folder))
  for (const id of jobs) if ((await unlessGone(disk.realpath(layout.job(id).dir))) === real) return true
  return false
}

/**
 * The input files of a job, for a copy. Links are recreated; links to files of awaited parents are
 * excluded, because the copy gets its own.
 * @throws BjobError `unsafe-path`, `missing-input` for files that have become uncopyable, or lead
 *   out of the site
 */
export async function findStaged(site: Site, id: JobId, spec: JobSpec): Promise<NewInputFile[]> {
  const { dir } = site.layout.job(id)
  const { parents, inputFiles } = spec
  const theirs = waitsForInputs(spec) ? (await findParentInputs(site, parents, inputFiles)).inputs : []
  const staged = new Map(theirs.map(({ name }) => [name, undefined as NewInputFile | undefined]))
  // The job's own output may match a glob too.
  for (const pattern of filesAtBirth(await readJobState(site, id)) ?? inputFiles.map((file) => path.basename(file))) {
    for (const file of await findMatches(site, dir, pattern)) {
      const name = path.basename(file)
      if (staged.has(name)) continue
      const isLink = (await site.disk.stat(file))?.isSymbolicLink() === true
      if (!isLink) {
        await checkLinks(site, file, site.layout.root)
        staged.set(name, { file, name, mode: 'copy' })
      } else if ((await unlessGone(site.disk.realpath(file))) !== undefined)
        staged.set(name, { file: path.resolve(dir, await site.disk.readlink(file)), name, mode: 'link' })
    }
  }
  return [...staged.values()].filter((input) => input !== undefined)
}

function missingInput(pattern: string, folder: string, parents: readonly JobId[]): Error {
  const places = [folder, ...parents.slice(0, 3)].join(' or ')
  const said = isGlob(pattern) ? `nothing matches input_files ${pattern}` : `input file not found: ${pattern}`
  return requestError('missing-input', `${said} in ${places}${parents.length > 3 ? ', …' : ''}`, {
    field: 'input_files',
    hint: 'make the file before spawning the job',
  })
}
