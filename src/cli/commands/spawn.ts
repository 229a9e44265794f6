/** `bjob spawn`: makes jobs. */
import { requestError } from '../../core/text/errors.ts'
import { DEFAULT_WORKFLOW } from '../../core/job/id.ts'
import type { SiteClient } from '../../client/site-client.ts'
import type { Spawned } from '../../client/spawn/spawn-jobs.ts'
import type { SpawnRecord } from '../../client/spawn/spawn-plan.ts'
import type { TaskOptions } from '../../client/spawn/task-file.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import type { Command, Session } from '../command/command.ts'
import type { Input } from '../command/option.ts'
import { Output } from '../command/list-output.ts'
import { ProgressLine, formatProgress } from '../terminal/progress-line.ts'
import { SPAWN_OPTIONS, recordOf } from '../arguments/spawn-options.ts'
import { spawnedListing } from '../show/spawned-listing.ts'
import { suggestRunning } from '../show/suggest-running.ts'

const CHOICES = ['error', 'reuse', 'rename'] as const

export const spawnCommand: Command = {
  words: '[-- ARG…]',
  about: `A job appears whole, with its input, or not at all; its id is printed, one a line. Inside a running job, what it spawns are its children:
of its workflow, and with it and its parents as parents (they wait for it to finish, unless --no-wait-for-parents).
With --from, thousands are made at once; when anything is wrong with any of them, none is. A record has the fields of job.yaml, and
workflow and name; what Balsam dumps of its jobs is read, too. Options given beside it hold for every record that does not say otherwise.
With --format commands, each line is a command for bash and runs in the current folder, as with GNU parallel; with --app NAME, it is the arguments
of that application. Jobs are named after --name (default: line) and the line's number. Of disBatch's directives PREFIX, SUFFIX, REPEAT and BARRIER
are understood, and a file that has one needs no --format; what follows a BARRIER fails when something before it does.`,
  options: SPAWN_OPTIONS,
  examples: [
    ['bjob spawn --app hello --name first -- world', 'one job; the words after -- are its arguments'],
    [
      'bjob spawn --app eval_point --workflow dl-hps --name task1 --input-files task1.dat --args task1.dat',
      'with a file copied into its folder',
    ],
    ['bjob spawn --app plot --name plot --parents dl-hps/task1', 'one that waits for another'],
    ['bjob spawn --from tasks.jsonl --if-exists reuse', 'many; safe to run again after a crash'],
    ['bjob spawn --from commands.txt --format commands --workflow sweep', 'a job for each line of shell'],
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
    const output = new Output(input, terminal)
    const listing = spawnedListing(client.site)
    let printed: Promise<void> = Promise.resolve()
    const progress = new ProgressLine(terminal, from !== undefined && output.isText, (text) => {
      printed = printed.then(() => terminal.tryWrite(text))
    })
    const startedMs = monotonicMs()
    let total = 0
    let made = 0
    const onChecked = (count: number): void => {
      total = count
      progress.show(() => `checking ${count} jobs`)
    }
    // As they are made: whoever reads along can begin with the first.
    const onMade = (spawned: readonly Spawned[]): void => {
      made += spawned.length
      const perSecond = (1000 * made) / (monotonicMs() - startedMs)
      progress.show((width) => formatProgress(made, total, [], perSecond, width))
      progress.print(spawned.map((one) => output.itemText(one, listing)).join(''))
    }
    try {
      progress.print(output.head(listing))
      const records = from === undefined ? [{ record: given }] : await readRecords(client, from, given, input, session)
      if (typeof records === 'function') await client.spawnInGroups(records, { ifExists }, onChecked, onMade)
      else {
        onChecked(records.length)
        await client.spawnRecords(records, { ifExists }, onMade)
      }
    } finally {
      progress.end()
    }
    await printed
    if (output.isText) await suggestRunning(client, session)
  },
}

async function readRecords(
  client: SiteClient,
  from: string,
  given: Readonly<Record<string, unknown>>,
  input: Input,
  session: Session,
): Promise<readonly SpawnRecord[] | (() => AsyncIterable<SpawnRecord>)> {
  const { openSource } = await import('../arguments/spawn-source.ts')
  const { isTaskFile } = await import('../../client/spawn/task-file.ts')
  const { isReadByLines, parseSpawnFile, parseSpawnLines } = await import('../../client/spawn/spawn-file.ts')
  const { withDefaults } = await import('../../client/spawn/spawn-defaults.ts')
  const format = input.choice('format', ['records', 'commands'] as const)
  const source = await openSource(from)
  const { file, head, lines } = source
  const isCommands = format === 'commands' || (format === undefined && isTaskFile(head))
  const under = (entry: SpawnRecord): SpawnRecord => ({ ...entry, record: withDefaults(entry.record, given) })
  if (lines !== undefined && !isCommands && isReadByLines(head)) {
    return async function* () {
      for await (const entry of parseSpawnLines(lines(), file)) yield under(entry)
    }
  }
  const text = source.text()
  if (isCommands) return (await readCommands(client, text, file, given, input, session)).map(under)
  return parseSpawnFile(text, file).map(under)
}

async function readCommands(
  client: SiteClient,
  text: string,
  file: string,
  given: Readonly<Record<string, unknown>>,
  input: Input,
  { terminal }: Session,
): Promise<readonly SpawnRecord[]> {
  if ('args' in given) throw requestError('bad-option', 'each line of the file is the arguments: give no others')
  const { SHELL_APPLICATION, parseTaskFile, provideShell } = await import('../../client/spawn/task-file.ts')
  const records = parseTaskFile(text, file, {
    folder: process.cwd(),
    workflow: input.text('workflow') ?? client.environment?.id.split('/')[0] ?? DEFAULT_WORKFLOW,
    application: input.text('application'),
    name: input.text('name'),
    environment: given['environ_vars'] as TaskOptions['environment'],
  })
  if (given['application'] === undefined && (await provideShell(client.site)))
    terminal.note(
      `bjob: registered the application ${SHELL_APPLICATION}, which runs the lines: see apps/${SHELL_APPLICATION}.yaml`,
    )
  return records
}
