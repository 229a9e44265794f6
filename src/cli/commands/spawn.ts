/** `bjob spawn`: makes jobs. */
import fs from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { requestError } from '../../core/errors.ts'
import type { SpawnRecord } from '../../client/spawn-plan.ts'
import type { Command } from '../command.ts'
import { SPAWN_OPTIONS, recordOf } from '../spawn-options.ts'

const CHOICES = ['error', 'reuse', 'rename'] as const

export const spawnCommand: Command = {
  words: '[-- ARG…]',
  about: `A job appears whole, with its input, or not at all; its id is printed, one a line. Inside a running job, what it spawns are its children:
of its workflow, and with it and its parents as parents (they wait for it to finish, unless --no-wait-for-parents).
With --from, thousands are made at once; when anything is wrong with any of them, none is. A record has the fields of job.yaml, and
workflow and name. Options given beside it hold for every record that does not say otherwise.`,
  options: SPAWN_OPTIONS,
  examples: [
    ['bjob spawn --app hello --name first -- world', 'one job; the words after -- are its arguments'],
    [
      'bjob spawn --app eval_point --workflow dl-hps --name task1 --input-files task1.dat --args task1.dat',
      'with a file copied into its folder',
    ],
    ['bjob spawn --app plot --name plot --parents dl-hps/task1', 'one that waits for another'],
    ['bjob spawn --from tasks.jsonl --if-exists reuse', 'many; safe to run again after a crash'],
  ],
  async run(input, session) {
    if (input.words.length > 0) {
      throw requestError('bad-option', `${JSON.stringify(input.words[0])} is no option`, {
        hint: 'arguments of the job go after --, its name after --name',
      })
    }
    const client = await session.open()
    const { terminal } = session
    const ifExists = input.choice('if-exists', CHOICES) ?? 'error'
    const given = recordOf(input)
    const from = input.text('from')
    const records = from === undefined ? [{ record: given }] : await readRecords(from, given)
    const isJson = input.has('json')
    const print = (ids: readonly string[]): Promise<void> => terminal.tryWrite(ids.map((id) => `${id}\n`).join(''))
    let printed: Promise<void> = Promise.resolve()
    const spawned = await client.spawnRecords(records, { ifExists }, (ids) => {
      // As they are made: whoever reads along can begin with the first.
      if (!isJson) printed = printed.then(() => print(ids))
    })
    await printed
    if (!isJson) return
    for (const { id, isNew } of spawned) await terminal.json({ id, new: isNew, dir: client.site.layout.job(id).dir })
  },
}

async function readRecords(from: string, given: Readonly<Record<string, unknown>>): Promise<SpawnRecord[]> {
  const { parseSpawnFile } = await import('../../client/spawn-file.ts')
  const records = parseSpawnFile(await readSource(from), from === '-' ? 'standard input' : path.resolve(from))
  if (Object.keys(given).length === 0) return records
  const { withDefaults } = await import('../../client/spawn-plan.ts')
  return records.map((entry) => ({ ...entry, record: withDefaults(entry.record, given) }))
}

async function readSource(from: string): Promise<string> {
  if (from === '-') return text(process.stdin)
  try {
    return fs.readFileSync(from, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT') throw requestError('missing-input', `there is no file ${from} to spawn from`, { path: from })
    if (code === 'EISDIR')
      throw requestError('missing-input', `${from} is a folder; --from takes a file`, { path: from })
    throw error
  }
}
