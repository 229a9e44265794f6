/** Finds the files of `stage_out_files` in a job's folder; bjob's own files only if named. */
import path from 'node:path'
import type FastGlob from 'fast-glob'
import { requestError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import { hasContent } from './input-files.ts'
import { isReserved, isScaffold } from '../disk/layout.ts'
import type { Site } from '../site.ts'

/**
 * @returns absolute paths with distinct last names
 * @throws BjobError `missing-output` if a plain name, or everything, is missing; `output-clash`
 */
export async function findOutputs(site: Site, id: JobId, patterns: readonly string[]): Promise<string[]> {
  const { default: glob } = await import('fast-glob')
  const { dir } = site.layout.job(id)
  await site.disk.refresh(dir)
  const found = new Map<string, string>()
  for (const pattern of patterns) {
    for (const name of await findMatches(site, dir, pattern, glob)) {
      const base = path.basename(name)
      const known = found.get(base)
      if (known !== undefined && known !== name)
        throw outputError('output-clash', `${known} and ${name} have the same name ${base}`)
      found.set(base, name)
    }
  }
  if (found.size === 0) throw outputError('missing-output', `its folder has no ${patterns.join(' or ')}`)
  return [...found.values()].map((name) => path.join(dir, name))
}

async function findMatches(site: Site, dir: string, pattern: string, glob: typeof FastGlob): Promise<string[]> {
  const literal = path.normalize(pattern)
  if (!isScaffold(path.basename(literal)) && (await site.disk.stat(path.join(dir, literal))) !== undefined)
    return [literal]
  if (!glob.isDynamicPattern(pattern)) throw outputError('missing-output', `its folder has no ${pattern}`)
  const entries = await glob(pattern, { cwd: dir, onlyFiles: false, followSymbolicLinks: false, objectMode: true })
  const names = entries.filter(hasContent).map(({ path: name }) => name)
  return names.filter((name) => name.includes('/') || !isReserved(name)).toSorted()
}

function outputError(code: 'missing-output' | 'output-clash', message: string): Error {
  return requestError(code, message, { field: 'stage_out_files' })
}
