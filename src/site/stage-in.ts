/** A child takes its parents' files: symbolic links, by the globs of `input_files`, as Balsam does; bjob's own files never. */
import path from 'node:path'
import { requestError } from '../core/errors.ts'
import { type JobId, splitId } from '../core/id.ts'
import { codeOf } from './disk.ts'
import { isReserved } from './layout.ts'
import type { Site } from './site.ts'

/**
 * Links what `patterns` find in the folders of `parents` into the folder of `id`. A name that two parents have gets the second one's name
 * added (`x.dat`, `x.dat_task2`); a name that is there already is left alone, so doing it again after a crash is harmless.
 * @throws BjobError `missing-input` when a plain name is neither in a parent's folder nor in its own
 */
export async function linkInputs(
  site: Site,
  id: JobId,
  parents: readonly JobId[],
  patterns: readonly string[],
): Promise<void> {
  if (patterns.length === 0 || parents.length === 0) return
  const { default: glob } = await import('fast-glob')
  const { dir } = site.layout.job(id)
  const found = new Set<string>()
  const taken = new Map<string, string>()
  for (const parent of parents) {
    const from = site.layout.job(parent).dir
    await site.disk.refresh(from)
    for (const name of await glob([...patterns], {
      cwd: from,
      onlyFiles: false,
      deep: 1,
      followSymbolicLinks: false,
    })) {
      const base = path.basename(name)
      if (isReserved(base) || name.split('/').includes('..')) continue
      found.add(base)
      const target = taken.has(base) ? `${base}_${splitId(parent).name}` : base
      taken.set(base, parent)
      await linkOnce(site, path.join(from, name), path.join(dir, target))
    }
  }
  for (const pattern of patterns) {
    const base = path.basename(pattern)
    if (glob.isDynamicPattern(pattern) || found.has(base)) continue
    if ((await site.disk.stat(path.join(dir, base))) !== undefined) continue
    throw requestError('missing-input', `no parent has the input file ${pattern}`, { field: 'input_files' })
  }
}

async function linkOnce(site: Site, from: string, to: string): Promise<void> {
  try {
    await site.disk.symlink(from, to)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}
