/**
 * The output of a job's attempts: one file each, so that an attempt never erases earlier output.
 */
import path from 'node:path'
import type { JobId } from '../../core/job/id.ts'
import { unlessGone } from '../disk/disk.ts'
import { outputName } from '../disk/layout.ts'
import type { Site } from '../site.ts'

/** Bytes read at the end of an output for the history. */
const TAIL_BYTES = 4096
const TAIL_LINES = 16

/** The file for an attempt's output. */
export function outputPath(site: Site, id: JobId, attempt: number): string {
  return path.join(site.layout.job(id).dir, outputName(attempt))
}

/**
 * The last lines of an attempt's output, stored in the history of a failed job as in Balsam; empty
 * if there are none.
 */
export async function outputTail(site: Site, id: JobId, attempt: number): Promise<string> {
  return fileTail(site, outputPath(site, id, attempt))
}

/** The log of a hook or a transfer in the job's folder. */
export function stepLogPath(
  site: Site,
  id: JobId,
  hook: 'preprocess' | 'postprocess' | 'stage-in' | 'stage-out',
): string {
  return path.join(site.layout.job(id).dir, `${hook}.log`)
}

/**
 * The last lines of a file, from byte `from` on; empty for a link, which may lead to private files.
 */
export async function fileTail(site: Site, file: string, from = 0): Promise<string> {
  const stat = await site.disk.stat(file)
  if (stat?.isFile() !== true) return ''
  const bytes = await unlessGone(site.disk.readFrom(file, Math.max(from, stat.size - TAIL_BYTES), TAIL_BYTES))
  return (bytes?.toString('utf8') ?? '').trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}
