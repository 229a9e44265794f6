/** `bjob ls`: lists jobs, applications, workflows and launchers. */
import { tell } from '../../core/life/event-words.ts'
import { type JobId, workflowOf } from '../../core/job/id.ts'
import type { JobState } from '../../core/life/job-state.ts'
import { BjobError, requestError } from '../../core/text/errors.ts'
import { compileFilter, compileWords } from '../../core/index/filter.ts'
import { type JobEntry, shownState } from '../../core/index/job-entry.ts'
import { SHOWN_STATES, isEnded } from '../../core/life/states.ts'
import { defined } from '../../lib/defined.ts'
import { nearestWord } from '../../lib/text/nearest.ts'
import { breakageText, findBreakage } from '../../site/job/breakage.ts'
import { readerOf } from '../../client/query/entry-field.ts'
import type { JobQuery } from '../../client/query/query.ts'
import type { SiteClient } from '../../client/site-client.ts'
import { readJobState } from '../../site/job/jobs.ts'
import type { Command, Session } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../arguments/filter-options.ts'
import { LIST_OPTIONS, Output } from '../command/list-output.ts'
import { findWorkflow, limitWords } from '../arguments/job-word.ts'
import { HISTORY_COLUMNS, historyLine } from '../show/history-line.ts'
import { JOB_COLUMNS, jobRecord } from '../show/job-record.ts'
import { treeRows } from '../show/job-tree.ts'
import type { Input } from '../command/option.ts'
import { type Terminal, formatAge } from '../terminal/terminal.ts'

const KINDS = ['jobs', 'apps', 'workflows', 'launchers'] as const

/**
 * Number of waiting jobs whose folders are checked for broken files; more would load the file
 * system.
 */
const INSPECTED = 200

export const lsCommand: Command = {
  words: '[jobs|apps|workflows|launchers] [ID…]',
  about: `Lists jobs in the order of their ids.
${FILTER_HELP}`,
  options: [
    ...FILTER_OPTIONS,
    { name: 'by-state', summary: 'count the jobs in each state' },
    { name: 'history', summary: 'show the history of each job' },
    { name: 'tree', summary: 'indent each job below its parent' },
    { name: 'fields', value: 'F,F,…', summary: 'columns to show: id, state and any field of job.yaml' },
    { name: 'sort', value: 'FIELD', summary: 'sort by this field; -FIELD sorts in reverse' },
    { name: 'limit', value: 'N', summary: 'show at most N jobs' },
    ...LIST_OPTIONS,
  ],
  examples: [
    ['bjob ls', 'list all jobs'],
    ['bjob ls --by-state', 'count the jobs in each state'],
    ["bjob ls --state FAILED --workflow 'dl-*'", 'list failed jobs'],
    ['bjob ls --fields id,state,args', 'show the arguments of each job'],
    ['bjob ls launchers', 'list the launchers'],
  ],
  async run(input, session) {
    const client = await session.open()
    const [kind, ...others] = input.words
    if (kind === 'apps' || kind === 'workflows' || kind === 'launchers') limitWords(input.words, 1)
    if (kind === 'apps') return (await import('./app.ts')).listApps(client.site, input, session)
    if (kind === 'workflows') return listWorkflows(client, input, session)
    if (kind === 'launchers')
      return (await import('../show/launcher-list.ts')).showLaunchers(client.site, input, session)
    const { state = [], ...filter } = filterOf(input, kind === 'jobs' ? others : input.words)
    const isShown = compileFilter({ state })
    // A job may be broken without a launcher having noticed.
    const isBrokenWanted = state.length > 0 && compileWords(state)('BROKEN')
    const isCandidate = (entry: JobEntry): boolean => isShown(entry) || (isBrokenWanted && !isEnded(entry.state))
    const candidates = client.select(filter).where(isCandidate)
    const limit = input.number('limit', 1)
    if (input.has('by-state')) return listByState(client, candidates.slice(0, limit), isShown, input, session)
    const sort = input.text('sort')
    const query = sort === undefined ? candidates : candidates.orderBy(sort)
    const found = await query.slice(0, isBrokenWanted ? undefined : limit).entries()
    const entries = (await findBroken(client, found)).filter(isShown).slice(0, limit)
    return listJobs(client, entries, input, session)
  },
}

async function listJobs(
  client: SiteClient,
  entries: readonly JobEntry[],
  input: Input,
  session: Session,
): Promise<void> {
  await requireNamed(client, entries, input)
  const { terminal } = session
  if (entries.length === 0) await noteNone(client, terminal)
  const fields = input.text('fields')
  if (fields !== undefined)
    return listFields(
      entries,
      fields
        .split(',')
        .map((field) => field.trim())
        .filter((field) => field !== ''),
      input,
      session,
    )
  if (input.has('history')) return listHistories(client, entries, input, session)
  const output = new Output(input, terminal)
  if (entries.length === 0 && output.isText) return
  const rows =
    input.has('tree') && output.isText ? treeRows(entries) : entries.map((entry) => ({ entry, label: entry.id }))
  const now = Date.now()
  const hasNotes = entries.some(({ broken, kill }) => broken !== undefined || kill !== undefined)
  const headings = ['ID', 'STATE', 'TRY', 'AGE', 'CHANGED', 'APPLICATION', 'LAUNCHER', ...(hasNotes ? ['NOTE'] : [])]
  await output.table(rows, {
    record: ({ entry }) => jobRecord(client.site, entry),
    columns: JOB_COLUMNS,
    headings,
    cells: ({ entry, label }) =>
      [
        label,
        shownState(entry),
        String(entry.attempt),
        formatAge(entry.born, now),
        formatAge(entry.changed, now),
        entry.spec?.application ?? '',
        entry.launcher ?? '-',
        entry.broken ?? (entry.kill === undefined || isEnded(entry.state) ? '' : 'kill requested'),
      ].slice(0, headings.length),
  })
}

/** An unknown id is an error; a filter without a match is a valid answer. */
async function requireNamed(client: SiteClient, entries: readonly JobEntry[], input: Input): Promise<void> {
  const [first, ...others] = input.words
  const ids = first === 'jobs' ? others : input.words
  const exact = ids.filter((id) => !id.includes('*'))
  if (exact.length === 0) return
  const found = new Set(entries.map(({ id }) => id))
  for (const id of exact) {
    const full = id.includes('/') ? id : `default/${id}`
    if (found.has(full) || (await client.jobs.filter({ id: full }).exists())) continue
    const workflow = await findWorkflow(client.site, id)
    if (workflow !== undefined) throw workflow
    const near = id.includes('/') ? undefined : nearestWord(id, KINDS)
    throw requestError(
      'unknown-job',
      `no such job: ${full}${near === undefined ? '' : `; did you mean \`bjob ls ${near}\`?`}`,
      { hint: `\`bjob ls\` takes ids, or one of ${KINDS.join(', ')}` },
    )
  }
}

/** Adds the faults of files that no launcher has read yet. */
async function findBroken(client: SiteClient, entries: readonly JobEntry[]): Promise<JobEntry[]> {
  const faults = new Map<JobId, string>()
  const waiting = entries.filter(({ state }) => !isEnded(state)).slice(0, INSPECTED)
  for (const { id, spec } of waiting) {
    const breakage = await findBreakage(client.site, id, spec)
    if (breakage !== undefined && breakage.code !== 'unknown-job') faults.set(id, breakageText(breakage))
  }
  return entries.map((entry) => {
    const broken = faults.get(entry.id)
    return broken === undefined ? entry : { ...entry, broken }
  })
}

async function noteNone(client: SiteClient, terminal: Terminal): Promise<void> {
  terminal.note((await client.jobs.exists()) ? 'no job matches' : 'no jobs yet: bjob spawn --help')
}

async function listByState(
  client: SiteClient,
  query: JobQuery,
  isShown: (entry: JobEntry) => boolean,
  input: Input,
  { terminal }: Session,
): Promise<void> {
  const counts = await countStates(client, query, isShown)
  if (counts.size === 0) {
    await requireNamed(client, [], input)
    await noteNone(client, terminal)
  }
  const output = new Output(input, terminal)
  if (output.isJson)
    return output.json(Object.fromEntries(SHOWN_STATES.map((state) => [state, counts.get(state) ?? 0])))
  const rows = SHOWN_STATES.filter((state) => counts.has(state)).map((state) => ({
    state,
    jobs: counts.get(state) ?? 0,
  }))
  const total = { state: 'total', jobs: rows.reduce((sum, { jobs }) => sum + jobs, 0) }
  await output.table<{ readonly state: string; readonly jobs: number }>(output.isText ? [...rows, total] : rows, {
    record: (row) => row,
    columns: ['state', 'jobs'],
    headings: ['JOBS', 'STATE'],
    cells: ({ state, jobs }) => [String(jobs), state],
  })
}

/** Without reading the files of more than a few jobs. */
async function countStates(
  client: SiteClient,
  query: JobQuery,
  isShown: (entry: JobEntry) => boolean,
): Promise<Map<unknown, number>> {
  if ((await query.count()) > INSPECTED) return query.where(isShown).countBy('state')
  const states = (await findBroken(client, await query.entries())).filter(isShown).map(shownState)
  return new Map(
    SHOWN_STATES.map((state) => [state, states.filter((one) => one === state).length] as const).filter(
      ([, count]) => count > 0,
    ),
  )
}

async function listFields(
  entries: readonly JobEntry[],
  fields: readonly string[],
  input: Input,
  { terminal }: Session,
): Promise<void> {
  if (fields.length === 0) throw requestError('bad-option', '--fields is empty')
  const readers = fields.map(readerOf)
  await new Output(input, terminal).table(entries, {
    record: (entry) => Object.fromEntries(fields.map((field, index) => [field, readers[index]?.(entry) ?? null])),
    columns: fields,
    headings: fields.map((field) => field.toUpperCase()),
    cells: (entry) => readers.map((read) => textOf(read(entry))),
  })
}

async function listHistories(
  client: SiteClient,
  entries: readonly JobEntry[],
  input: Input,
  { terminal }: Session,
): Promise<void> {
  const histories = (async function* () {
    for (const { id } of entries) yield { id, ...(await readHistory(client, id)) }
  })()
  await new Output(input, terminal).list(histories, {
    record: ({ id, history, broken }) => ({
      id,
      history: history.map(tell),
      ...defined({ broken }),
    }),
    columns: ['id', ...HISTORY_COLUMNS],
    rows: ({ id, history }) => history.map((entry) => ({ id, ...tell(entry) })),
    line: ({ id, history, broken }) =>
      [
        terminal.paint('bold', id),
        ...history.map((entry) => `  ${historyLine(entry, terminal)}`),
        ...(broken === undefined ? [] : [`  BROKEN ${broken}`]),
      ].join('\n'),
  })
}

interface ReadHistory {
  readonly history: JobState['history']
  /** Why there is none: that job's problem alone. */
  readonly broken?: string
}

async function readHistory({ site }: SiteClient, id: JobId): Promise<ReadHistory> {
  try {
    return { history: (await readJobState(site, id)).history }
  } catch (error) {
    if (error instanceof BjobError) return { history: [], broken: breakageText(error) }
    throw error
  }
}

async function listWorkflows(client: SiteClient, input: Input, { terminal }: Session): Promise<void> {
  const workflows = new Map<string, { jobs: number; ended: number; failed: number }>()
  for (const { id, state } of await client.jobs.entries()) {
    const name = workflowOf(id)
    const counts = workflows.get(name) ?? { jobs: 0, ended: 0, failed: 0 }
    counts.jobs += 1
    if (isEnded(state)) counts.ended += 1
    if (state === 'FAILED') counts.failed += 1
    workflows.set(name, counts)
  }
  await new Output(input, terminal).table([...workflows], {
    record: ([name, counts]) => ({ name, ...counts }),
    columns: ['name', 'jobs', 'ended', 'failed'],
    headings: ['WORKFLOW', 'JOBS', 'ENDED', 'FAILED'],
    cells: ([name, { jobs, ended, failed }]) => [name, String(jobs), String(ended), String(failed)],
  })
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '-'
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return value.length === 0 ? '-' : value.join(' ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
