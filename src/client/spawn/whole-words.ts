/** `input_files` given as one text: split at blanks, unless the whole text is an existing name. */
import path from 'node:path'
import type { JobId } from '../../core/job/id.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { canonicalField } from '../../core/job/field-names.ts'
import { findMatches } from '../../site/job/input-files.ts'
import type { Site } from '../../site/site.ts'

/**
 * The specification of `record` with its intended input files. An absolute path inside `folder`
 * becomes relative.
 * @param parents jobs whose files are available too
 */
export async function withWholeWords(
  site: Site,
  record: unknown,
  spec: JobSpec,
  { folder, parents }: { readonly folder: string; readonly parents: readonly JobId[] },
): Promise<JobSpec> {
  const { inputFiles } = spec
  if (inputFiles.length === 0) return spec
  const given = wordsOf(record)
  const folders = [folder, ...parents.map((parent) => site.layout.job(parent).dir)]
  const isWhole = given !== undefined && (await isInAny(site, folders, inside(folder, given)))
  const meant = (isWhole ? [given] : inputFiles).map((pattern) => inside(folder, pattern))
  return spec.with({ inputFiles: meant })
}

/** The field's text, if it contains blanks and was split. */
function wordsOf(record: unknown): string | undefined {
  const given = Object.entries(record as object).find(([key]) => canonicalField(key) === 'input_files')?.[1] as unknown
  return typeof given === 'string' && /\s/.test(given) ? given : undefined
}

function inside(folder: string, pattern: string): string {
  return pattern.startsWith(`${folder}${path.sep}`) ? path.relative(folder, pattern) : pattern
}

async function isInAny(site: Site, folders: readonly string[], pattern: string): Promise<boolean> {
  if (path.isAbsolute(pattern) || pattern.split('/').includes('..')) return false
  for (const folder of folders) if ((await findMatches(site, folder, pattern)).length > 0) return true
  return false
}
