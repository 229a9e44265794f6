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
import { countOf } from '../../lib/text/count-of.ts'

const CHOICES = ['error', 'reuse', 'rename'] as const

export const spawnCommand: Command = {
  words: '[-- ARG…]',
  about: `Makes jobs and prints their ids, one per line. A job appears complete with its input files, or not at all. Jobs that a
running job spawns become its children, in its workflow, and wait for it unless --no-wait-for-parents is given.
With --from, thousands of jobs are made at once, or none if any of them is invalid. A record has the fields of
job.yaml, plus workflow and name; job records exported by Balsam are accepted too. Options beside --from apply to
every record that does not set the field.
With --format commands, each line is a bash command that runs in the current folder, as with GNU parallel; with
--app NAME, it is the arguments of that application. Jobs are named --name (default: line) plus the line number.
The disBatch directives PREFIX, SUFFIX, REPEAT and BARRIER are supported, and a file that contains one needs no
--format. Jobs after a BARRIER fail if a job before it fails.`,
  options: SPAWN_OPTIONS,
  examples: [
    ['bjob spawn --app hello --name first -- world', 'make one job; words after -- are its arguments'],
    [
      'bjob spawn --app eval_point --workflow dl-hps --name task1 --input-files task1.dat --args task1.dat',
      "copy a file into the job's folder",
    ],
    ['bjob spawn --app plot --name plot --parents dl-hps/task1', 'make a job that waits for another'],
    ['bjob spawn --from tasks.jsonl --if-exists reuse', 'make many jobs; safe to repeat after a crash'],
    ['bjob spawn --from commands.txt --format commands --workflow sweep', 'make one job per shell line'],
  ],
  async run(input, session) {
    if (input.words.length > 0) {
      throw requestError('bad-option', `unexpected argument ${JSON.stringify(input.words[0])}`, {
        hint: "put the job's arguments after --, and its name after --name",
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
      progress.show(() => `checking ${countOf(count, 'job')}`)
    }
    // Printed as they are made, so that a reader can start with the first.
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
  if ('args' in given) throw requestError('bad-option', 'the lines of the file are the arguments; give no others')
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
      `bjob: registered the application ${SHELL_APPLICATION}, which runs the lines (apps/${SHELL_APPLICATION}.yaml)`,
    )
  return records
}
