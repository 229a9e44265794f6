/** `bjob ls launchers`. */
import { readComplaint } from '../../client/explain/batch-output.ts'
import { askSchedulers } from '../../client/allocation/submission-status.ts'
import { fateOf } from '../../client/explain/explain-wait.ts'
import { type Lease, listLaunchers, readLease } from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'
import { type SubmissionRecord, listSubmissions, readBatchOutput } from '../../site/launcher/submissions.ts'
import type { Session } from '../command/command.ts'
import type { Input } from '../command/option.ts'
import { Output } from '../command/list-output.ts'
import { formatAge } from '../terminal/terminal.ts'
import { countOf } from '../../lib/text/count-of.ts'

/**
 * A submission or a launcher: the object for `--json`, the rest of its CSV row, and its table row.
 */
interface Entry {
  readonly record: object
  readonly row: Readonly<Record<string, unknown>>
  readonly cells: readonly string[]
}

const COLUMNS = 'id kind host started status scheduler scheduler_id nodes minutes queue account said'.split(' ')

export async function showLaunchers(site: Site, input: Input, { terminal }: Session): Promise<void> {
  const output = new Output(input, terminal)
  const entries = [...(await submissionEntries(site)), ...(await launcherEntries(site))]
  if (entries.length === 0 && output.isText) return terminal.note('no launchers yet: bjob launch --help')
  await output.table(entries, {
    record: ({ record }) => record,
    columns: COLUMNS,
    rows: ({ row }) => [row],
    headings: ['LAUNCHER', 'HOST', 'AGE', 'STATUS'],
    cells: ({ cells }) => cells,
  })
}

async function submissionEntries(site: Site): Promise<Entry[]> {
  const now = Date.now()
  const submissions = await listSubmissions(site)
  const states = await askSchedulers(submissions)
  const entries: Entry[] = []
  for (const { id, record } of submissions) {
    const status = states.get(id)
    const isOver = record.ended !== undefined || status?.state === 'ended' || status?.state === 'unknown'
    const complaint = readComplaint(await readBatchOutput(site, id))
    const said = isOver || complaint?.isFinal === true ? complaint?.line : undefined
    entries.push({
      record: { id, kind: 'submission', submission: record, status: status ?? null, said: said ?? null },
      row: { ...record, id, kind: 'submission', started: record.submitted, status: status?.state, said },
      cells: [
        `${record.scheduler} job ${record.scheduler_id ?? '?'}`,
        countOf(record.nodes, 'node'),
        formatAge(record.submitted, now),
        `${statusText(record, status)}${said === undefined ? '' : `: ${said}`}`,
      ],
    })
  }
  return entries
}

function statusText(
  { scheduler, scheduler_id: number }: SubmissionRecord,
  status: { readonly state: string; readonly raw: string } | undefined,
): string {
  if (status === undefined)
    return `submitted; ${number === undefined ? 'the scheduler did not answer' : `${scheduler} is not reachable now`}`
  const state = status.state === 'unknown' ? `no longer listed by ${scheduler}` : status.state
  return `${state}${status.raw === '' ? '' : ` (${status.raw})`}`
}

async function launcherEntries(site: Site): Promise<Entry[]> {
  const now = Date.now()
  const entries: Entry[] = []
  for (const id of await listLaunchers(site)) {
    const lease = await readLease(site, id).catch(() => undefined)
    entries.push({
      record: { id, kind: 'launcher', status: lifeText(lease), lease: lease ?? null },
      row: { id, kind: 'launcher', host: lease?.host, started: lease?.started, status: lifeText(lease) },
      cells: [id, lease?.host ?? '-', lease === undefined ? '-' : formatAge(lease.started, now), lifeText(lease)],
    })
  }
  return entries
}

function lifeText(lease: Lease | undefined): string {
  return lease === undefined ? 'has no lease' : (fateOf(lease) ?? 'runs')
}
