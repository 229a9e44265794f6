/**
 * Translates jobs exported by Balsam, `BalsamJob.to_dict()` of 0.1 to 0.5 and the jobs of Balsam 2,
 * into spawn records. States, locks and times are dropped: every job starts from the beginning.
 * Unknown fields stay, to be refused by name.
 */
import { Dag } from '../../core/index/dag.ts'
import { DEFAULT_WORKFLOW, jobId } from '../../core/job/id.ts'
import { toPlain, toWord } from '../../lib/text/written.ts'
import type { SpawnRecord } from './spawn-plan.ts'

type Fields = ReadonlyMap<string, unknown>

/** Balsam's own bookkeeping. */
const BOOKKEEPING = [
  'job_id',
  'id',
  'pk',
  'lock',
  'tick',
  'state',
  'state_history',
  'version',
  'queued_launch',
  'queued_launch_id',
  'scheduler_id',
  'runtime_seconds',
  'working_directory',
  'work_site',
  'allowed_work_sites',
  'site_id',
  'site_path',
  'app_id',
  'workdir',
  'batch_job_id',
  'session_id',
  'last_update',
  'return_code',
  'state_data',
  'pending_file_cleanup',
  'transfers',
  'serialized_return_value',
  'serialized_exception',
]

/** Values without effect: Balsam's defaults, which every export contains. */
const EMPTY: readonly unknown[] = [undefined, null, '', 0, '[]', '{}']

/** Balsam's names for fields of bjob. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['wall_time_min', 'wall_time_minutes'],
  ['app', 'application'],
  ['app_name', 'application'],
  ['application_args', 'args'],
  ['parent_ids', 'parents'],
])

/** True for a record of Balsam, by keys that no record of bjob has. */
export function isBalsamRecord(record: unknown): boolean {
  const keys = new Set(Object.keys(fieldsOf(record)))
  return (
    keys.has('job_id') || keys.has('state_history') || (keys.has('workdir') && (keys.has('app_id') || keys.has('id')))
  )
}

/** `records` with Balsam's translated, parents before children; unchanged if there are none. */
export function translateBalsam(records: readonly SpawnRecord[]): readonly SpawnRecord[] {
  if (!records.some(({ record }) => isBalsamRecord(record))) return records
  const names = new Map<string, { readonly workflow: string; readonly name: string }>()
  for (const { record } of records) {
    const fields = new Map(Object.entries(fieldsOf(record)))
    for (const key of ['job_id', 'id', 'pk']) {
      const id = fields.get(key)
      if (textOf(id) !== '') names.set(textOf(id), nameOf(fields))
    }
  }
  const translated = records.map((entry) =>
    // Its input comes from parents only, never from the folder of the export.
    isBalsamRecord(entry.record) ? { ...entry, record: translate(fieldsOf(entry.record), names), staged: [] } : entry,
  )
  return parentsFirst(translated)
}

function translate(
  record: object,
  names: ReadonlyMap<string, { readonly workflow: string; readonly name: string }>,
): object {
  const given: Fields = new Map(Object.entries(record))
  const fields = new Map<string, unknown>(Object.entries(nameOf(given)))
  for (const [key, value] of given) {
    const name = RENAMED.get(key) ?? key
    if (BOOKKEEPING.includes(key) || fields.has(name) || isEmpty(value)) continue
    fields.set(name, value)
  }
  const parents = listOf(given.get('parents') ?? given.get('parent_ids'))
  fields.delete('parents')
  if (parents.length > 0) {
    fields.set(
      'parents',
      parents.map((parent) => {
        const known = names.get(parent)
        return known === undefined ? parent : jobId(known.workflow, known.name)
      }),
    )
  }
  // Parents that have not started have no files.
  if (parents.length === 0 || fields.get('wait_for_parents') === false) fields.delete('input_files')
  return Object.fromEntries(fields)
}

/**
 * Balsam 2 has no names: they are the last two parts of `workdir`. Blanks become `_`, as in folders
 * of Balsam 0.x.
 */
function nameOf(fields: Fields): { workflow: string; name: string } {
  const parts = textOf(fields.get('workdir'))
    .split('/')
    .filter((part) => part !== '')
  const name = textOf(fields.get('name')) || (parts.at(-1) ?? '') || `job-${textOf(fields.get('job_id')).slice(0, 8)}`
  const workflow = textOf(fields.get('workflow')) || (parts.at(-2) ?? '') || DEFAULT_WORKFLOW
  return { workflow: workflow.replaceAll(/\s/g, '_'), name: name.replaceAll(/\s/g, '_') }
}

function isEmpty(value: unknown): boolean {
  return (
    EMPTY.includes(toPlain(value)) || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  )
}

/** A list, or its JSON text, as Balsam 0.x stores ids of parents. */
function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String)
  if (typeof value !== 'string' || value.trim() === '') return []
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) ? list.map(String) : [value]
  } catch {
    return value.split(/[\s,]+/)
  }
}

function parentsFirst(records: readonly SpawnRecord[]): SpawnRecord[] {
  const byId = new Map(
    records.map((entry, at) => {
      const fields = new Map(Object.entries(fieldsOf(entry.record)))
      const { workflow, name } = nameOf(fields)
      // Duplicates are refused later, with their lines.
      return [
        `${jobId(workflow, name)} ${at}`,
        { entry, id: jobId(workflow, name), parents: listOf(fields.get('parents')) },
      ]
    }),
  )
  const keyOf = new Map([...byId].map(([key, { id }]) => [id, key]))
  const kin = [...byId].map(([id, { parents }]) => ({
    id,
    parents: parents.flatMap((parent) => keyOf.get(parent) ?? []),
  }))
  return new Dag(kin).levels(byId.keys()).flatMap((level) => level.flatMap((key) => byId.get(key)?.entry ?? []))
}

function fieldsOf(record: unknown): object {
  return typeof record === 'object' && record !== null && !Array.isArray(record) ? record : {}
}

function textOf(value: unknown): string {
  const word = typeof value === 'boolean' ? undefined : toWord(value)
  return typeof word === 'string' ? word : ''
}
