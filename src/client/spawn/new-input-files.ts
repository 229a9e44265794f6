/** What a new job gets with its folder: files of the folder where it is spawned, and, unless it waits for them, of its parents. */
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
  /** Absolute: where the job is spawned. */
  readonly folder: string
  /** Of a job that is to be like another: what that one had. The rest is its parents', and not looked for in `folder`. */
  readonly staged?: readonly NewInputFile[]
  /** Whether it has parents that may still write what it asks for. */
  readonly isEarly: boolean
}

/**
 * What `specification` asks for, where it is there now. A name in the folder of the spawner comes before one of a parent's.
 * @throws BjobError `missing-input` for what is nowhere and will not come; `unsafe-path`, `reserved-name`, `input-clash`
 */
export async function findNewInputs(
  site: Site,
  specification: JobSpec,
  { folder, staged, isEarly }: InputSource,
): Promise<NewInputFile[]> {
  const { inputFiles, parents } = specification
  for (const pattern of inputFiles) checkPattern(pattern)
  if (inputFiles.length === 0) return [...(staged ?? [])]
  const isWaiting = waitsForInputs(specification)
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
  const mode = specification.inputMode ?? 'copy'
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

/** A job spawns in its own folder: that is a parent's, and may still change. */
async function isFolderOf({ disk, layout }: Site, jobs: readonly JobId[], folder: string): Promise<boolean> {
  const real = await unlessGone(disk.realpath(folder))
  for (const id of jobs) if ((await unlessGone(disk.realpath(layout.job(id).dir))) === real) return true
  return false
}

/**
 * What a job has of the files that it asks for, for another one like it: links are made again; those to the files of parents that it waited for are
 * not its own, and another job gets such from its parents.
 * @throws BjobError `unsafe-path`, `missing-input` for what the job has put there since and cannot be copied, or leads out of the site
 */
export async function findStaged(site: Site, id: JobId, specification: JobSpec): Promise<NewInputFile[]> {
  const { dir } = site.layout.job(id)
  const { parents, inputFiles } = specification
  const theirs = waitsForInputs(specification) ? (await findParentInputs(site, parents, inputFiles)).inputs : []
  const staged = new Map(theirs.map(({ name }) => [name, undefined as NewInputFile | undefined]))
  // What it has written may match a glob, too.
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
