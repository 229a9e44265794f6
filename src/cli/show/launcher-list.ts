/** `bjob ls launchers`. */
import { readComplaint } from '../../client/explain/batch-output.ts'
import { askSchedulers } from '../../client/allocation/submission-status.ts'
import { fateOf } from '../../client/explain/explain-wait.ts'
import { listLaunchers, readLease } from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'
import { listSubmissions, readBatchOutput } from '../../site/launcher/submissions.ts'
import type { Session } from '../command/command.ts'
import type { Input } from '../command/option.ts'
import { formatAge } from '../terminal/terminal.ts'

export async function showLaunchers(site: Site, input: Input, { terminal }: Session): Promise<void> {
  const now = Date.now()
  const rows: string[][] = []
  const submissions = await listSubmissions(site)
  const states = await askSchedulers(submissions)
  for (const { id, record } of submissions) {
    const status = states.get(id)
    const isOver = record.ended !== undefined || status?.state === 'ended' || status?.state === 'unknown'
    const complaint = readComplaint(await readBatchOutput(site, id))
    const said = isOver || complaint?.isFinal === true ? complaint?.line : undefined
    if (input.has('json')) await terminal.json({ id, submission: record, status: status ?? null, said: said ?? null })
    else
      rows.push([
        `${record.scheduler} job ${record.scheduler_id ?? '?'}`,
        `${record.nodes} node${record.nodes === 1 ? '' : 's'}`,
        formatAge(record.submitted, now),
        status === undefined
          ? `submitted; ${record.scheduler_id === undefined ? 'no answer came' : `${record.scheduler} cannot be asked now`}`
          : `${status.state === 'unknown' ? `no longer known to ${record.scheduler}` : status.state}${status.raw === '' ? '' : ` (${status.raw})`}${said === undefined ? '' : `: ${said}`}`,
      ])
  }
  for (const id of await listLaunchers(site)) {
    const lease = await readLease(site, id).catch(() => undefined)
    if (input.has('json')) await terminal.json({ id, lease: lease ?? null })
    else
      rows.push([
        id,
        lease?.host ?? '-',
        lease === undefined ? '-' : formatAge(lease.started, now),
        lease === undefined ? 'has no lease' : (fateOf(lease) ?? 'runs'),
      ])
  }
  if (input.has('json')) return
  if (rows.length === 0) return terminal.note('no launcher yet: bjob launch --help')
  await terminal.table(['LAUNCHER', 'HOST', 'AGE', 'STATUS'], rows)
}
