/** The output of a job's attempts: a file each, so that a second attempt never erases what the first one said. */
import path from 'node:path'
import type { JobId } from '../../core/job/id.ts'
import { unlessGone } from '../disk/disk.ts'
import { outputName } from '../disk/layout.ts'
import type { Site } from '../site.ts'

/** How much of an output's end is looked at for the history. */
const TAIL_BYTES = 4096
const TAIL_LINES = 16

/** The file that an attempt's output goes to. */
export function outputPath(site: Site, id: JobId, attempt: number): string {
  return path.join(site.layout.job(id).dir, outputName(attempt))
}

/** The last lines of an attempt's output, as Balsam keeps them in the history of a failed job; empty when there is none. */
export async function outputTail(site: Site, id: JobId, attempt: number): Promise<string> {
  return fileTail(site, outputPath(site, id, attempt))
}

/** The log of an application's hook, or of staging, in the job's folder. */
export function stepLogPath(
  site: Site,
  id: JobId,
  hook: 'preprocess' | 'postprocess' | 'stage-in' | 'stage-out',
): string {
  return path.join(site.layout.job(id).dir, `${hook}.log`)
}

/** The last lines of a file, of those from byte `from` on; of a link none, which may lead to what the history must not show. */
export async function fileTail(site: Site, file: string, from = 0): Promise<string> {
  const stat = await site.disk.stat(file)
  if (stat?.isFile() !== true) return ''
  const bytes = await unlessGone(site.disk.readFrom(file, Math.max(from, stat.size - TAIL_BYTES), TAIL_BYTES))
  return (bytes?.toString('utf8') ?? '').trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}
