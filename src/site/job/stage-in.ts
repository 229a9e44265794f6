/**
 * Provides parents' files to a starting child, by the globs of `input_files`: symbolic links, as in
 * Balsam, or copies.
 */
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import type { InputFile } from '../../core/life/job-inputs.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { parseStageUrl, stagedName } from '../../core/job/stage-url.ts'
import { codeOf } from '../disk/disk.ts'
import { findMatches, findParentInputs, isForAll, isGlob, linkContent } from './input-files.ts'
import type { Site } from '../site.ts'

export interface ParentInputs {
  /**
   * Files to provide. Existing names in its folder are skipped, so a repetition after a crash is
   * harmless.
   */
  readonly inputs: readonly InputFile[]
  /** Globs without a match, in the parents' folders and its own. */
  readonly unmatched: readonly string[]
}

/**
 * @throws BjobError `missing-input` if a plain name is neither in a parent's folder nor in its own;
 *   `input-clash`
 */
export async function findInputsAtStart(
  site: Site,
  id: JobId,
  { parents, inputFiles, stageInUrl }: JobSpec,
): Promise<ParentInputs> {
  const { dir } = site.layout.job(id)
  const found = await findParentInputs(site, parents, inputFiles)
  const staged = new Set(stageInUrl.map((url) => stagedName(parseStageUrl(url))))
  const isThere = async (name: string): Promise<boolean> =>
    staged.has(name) || (await site.disk.stat(path.join(dir, name))) !== undefined
  const unmatched: string[] = []
  for (const pattern of found.unmatched) {
    if (isForAll(pattern) || (await isThere(path.basename(pattern)))) continue
    if (!isGlob(pattern))
      throw requestError('missing-input', `no parent has the input file ${pattern}`, {
        field: 'input_files',
        hint: "list the files in the parents' folders",
      })
    if ((await findMatches(site, dir, path.basename(pattern))).length === 0) unmatched.push(pattern)
  }
  const inputs: InputFile[] = []
  for (const input of found.inputs) if (!(await isThere(input.name))) inputs.push(input)
  return { inputs, unmatched }
}

/** Links the files into the job's folder. */
export async function linkInputs(site: Site, id: JobId, spec: JobSpec): Promise<ParentInputs> {
  const found = await findInputsAtStart(site, id, spec)
  const { dir } = site.layout.job(id)
  for (const { file, name } of found.inputs) {
    try {
      await site.disk.symlink(linkContent(site, dir, file), path.join(dir, name))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
  return found
}
