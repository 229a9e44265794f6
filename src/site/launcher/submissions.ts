/**
 * Submissions to the batch scheduler: one folder each, with the script, its output and a record;
 * and the templates of the scripts.
 */
import * as v from 'valibot'
import { BjobError, siteError } from '../../core/text/errors.ts'
import { formatYaml, parseYaml } from '../../core/text/yaml-text.ts'
import { finite } from '../../lib/shapes.ts'
import { uniqueToken } from '../../lib/token.ts'
import { unlessGone } from '../disk/disk.ts'
import { readPersonsText, replaceFile, showName } from '../disk/files.ts'
import { readOwnFile } from '../disk/own-file.ts'
import type { Site } from '../site.ts'

const schema = v.object({
  scheduler: v.string(),
  /** The scheduler's id; undefined until it has answered. */
  scheduler_id: v.optional(v.string()),
  nodes: finite('must be a number'),
  minutes: finite('must be a number'),
  queue: v.optional(v.string()),
  account: v.optional(v.string()),
  /** Options and filters passed to the launcher. */
  options: v.optional(v.array(v.string()), []),
  /** ISO 8601. */
  submitted: v.string(),
  /** The outcome, once known: schedulers forget. */
  ended: v.optional(v.string()),
})

export type SubmissionRecord = Readonly<v.InferOutput<typeof schema>>

export interface Submission {
  readonly id: string
  readonly record: SubmissionRecord
}

/**
 * The site's template for a scheduler's batch script with its path; `undefined` if there is none.
 */
export async function readBatchTemplate(
  site: Site,
  scheduler: string,
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  const path = site.layout.batchTemplate(scheduler)
  const text = await unlessGone(readPersonsText(site.disk, path))
  return text === undefined ? undefined : { path, text }
}

/** A unique id for a submission. */
export function submissionId(): string {
  return uniqueToken()
}

/**
 * Creates a submission's folder with its script before the scheduler is called, so that a trace
 * remains.
 */
export async function createSubmission(site: Site, { id, record }: Submission, script: string): Promise<void> {
  const paths = site.layout.submission(id)
  await site.disk.makeParents(paths.dir)
  await replaceFile(site.disk, paths.script, script)
  await writeSubmission(site, { id, record })
  await showName(site.disk, paths.dir)
}

export async function writeSubmission(site: Site, { id, record }: Submission): Promise<void> {
  await replaceFile(site.disk, site.layout.submission(id).record, formatYaml(record))
}

/** A script whose launcher started may write more than this; one that failed writes little. */
const OUTPUT_BYTES = 64 * 1024

/** The start of a batch script's output; empty for a link, which may lead out of the site. */
export async function readBatchOutput(site: Site, id: string): Promise<string> {
  const { output } = site.layout.submission(id)
  if ((await site.disk.stat(output))?.isFile() !== true) return ''
  return (await unlessGone(site.disk.readFrom(output, 0, OUTPUT_BYTES)))?.toString('utf8') ?? ''
}

/** Removes a submission that the scheduler refused. */
export async function removeSubmission(site: Site, id: string): Promise<void> {
  await unlessGone(site.disk.removeAll(site.layout.submission(id).dir))
}

/**
 * A submission's record; `undefined` when there is none, yet. @throws BjobError for one that cannot
 * be read
 */
export async function readSubmission({ disk, layout }: Site, id: string): Promise<SubmissionRecord | undefined> {
  const { record: file } = layout.submission(id)
  const text = await unlessGone(readOwnFile(disk, file))
  if (text === undefined) return undefined
  const record = v.safeParse(schema, parseYaml(text, file).value)
  if (!record.success) throw siteError('bad-yaml', 'submission.yaml is damaged', { path: file })
  return record.output
}

/** All submissions, oldest first, without those whose record is unreadable. */
export async function listSubmissions(site: Site): Promise<Submission[]> {
  const entries = (await unlessGone(site.disk.list(site.layout.submissions))) ?? []
  const found: Submission[] = []
  for (const { name, isDirectory } of entries) {
    if (!isDirectory) continue
    try {
      const record = await readSubmission(site, name)
      if (record !== undefined) found.push({ id: name, record })
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
    }
  }
  return found.sort((a, b) => (a.record.submitted < b.record.submitted ? -1 : 1))
}
