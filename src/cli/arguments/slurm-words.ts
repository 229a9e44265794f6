/**
 * Options of sbatch(1) that describe a whole job, where a field of bjob describes a rank or an
 * attempt.
 */
import { requestError } from '../../core/text/errors.ts'
import type { Input, Option } from '../command/option.ts'

export const SLURM_OPTIONS: readonly Option[] = [
  { name: 'ntasks', alias: 'n', value: 'N', summary: 'MPI ranks of all nodes together' },
  { name: 'gpus', alias: 'G', value: 'N', summary: 'GPUs of all ranks together' },
  {
    name: 'time',
    alias: 't',
    value: 'TIME',
    summary: 'time limit of an attempt, also used for planning: 30 (minutes), 90s, 1:00:00 or 1-12:00',
  },
]

/** The fields that these options set. @throws BjobError `bad-option` */
export function fieldsOfSlurm(input: Input, record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  const nodes = numberIn(record, 'num_nodes')
  const ranks = shareOf(input, 'ntasks', nodes, 'nodes')
  if (ranks !== undefined) fields['ranks_per_node'] = ranks
  const gpus = shareOf(input, 'gpus', nodes * numberIn({ ...record, ...fields }, 'ranks_per_node'), 'ranks')
  if (gpus !== undefined) fields['gpus_per_rank'] = gpus
  const minutes = input.duration('time', 'minutes')
  if (minutes !== undefined) Object.assign(fields, { wall_time_minutes: minutes, timeout_minutes: minutes })
  for (const field of Object.keys(fields))
    if (field in record)
      throw requestError('bad-option', `${field} given twice: as --${optionOf(field)} and by another option`)
  return fields
}

function numberIn(record: Readonly<Record<string, unknown>>, field: string): number {
  const { [field]: value = 1 } = record
  return typeof value === 'number' && value > 0 ? value : 1
}

function shareOf(input: Input, name: string, parts: number, what: string): number | undefined {
  const total = input.number(name)
  if (total === undefined || total % parts === 0) return total === undefined ? undefined : total / parts
  throw requestError('bad-option', `--${name} ${total} cannot be divided equally among ${parts} ${what}`)
}

function optionOf(field: string): string {
  if (field === 'ranks_per_node') return 'ntasks'
  return field === 'gpus_per_rank' ? 'gpus' : 'time'
}
