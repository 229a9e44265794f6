/** `bjob doctor`: tests a file system on one node, or between two. */
import path from 'node:path'
import {
  type Check,
  type Grade,
  type SuitableSettings,
  isFit,
  judgeLocal,
  judgePeer,
  suitableSettings,
} from '../../site/doctor/file-system-fitness.ts'
import { checkComputeNodes, starterOf } from '../../client/explain/compute-nodes.ts'
import { BjobError, requestError } from '../../core/text/errors.ts'
import { quoteShellWord } from '../../lib/text/shell-words.ts'
import { probeHere } from '../../site/doctor/probe.ts'
import { beginConsultation, endConsultation, isAwaited, joinConsultation } from '../../site/doctor/probe-channel.ts'
import { assist, probeTogether } from '../../site/doctor/probe-peer.ts'
import { type Site, openTree } from '../../site/site.ts'
import type { Command } from '../command/command.ts'
import { type LineListing, LIST_OPTIONS, Output } from '../command/list-output.ts'
import { limitWords } from '../arguments/job-word.ts'
import { stopSignal } from '../terminal/stop-signal.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** On a network file system, time for a second node to start. */
const PEER_MS = 3000
const COLOURS = { ok: 'green', note: 'yellow', bad: 'red' } as const satisfies Record<Grade, string>

export const doctorCommand: Command = {
  words: '[FOLDER]',
  about: `Tests the file system of FOLDER (default: the current folder) in a few seconds and prints one line per check, then
suitable settings. On a machine with a batch scheduler it also checks that compute nodes find bjob, and MPI ranks
find each other. Checks between two nodes need a second node: run \`bjob doctor --peer FOLDER\` there first.
Leaves nothing in FOLDER. Exit status: 0 if bjob can be used here, 3 if jobs would be lost or run twice.`,
  options: [
    { name: 'peer', summary: 'act as the second node: wait for a doctor in the same folder and assist it' },
    ...LIST_OPTIONS,
  ],
  examples: [
    ['bjob doctor', 'check the file system of this folder'],
    ['bjob doctor --peer /scratch/ada', 'on the second node; then, on the first, `bjob doctor /scratch/ada`'],
    ['srun -N1 -n1 bjob doctor --peer "$PWD" & bjob doctor', 'inside a Slurm allocation'],
  ],
  async run(input, { terminal, packageRoot }) {
    limitWords(input.words, 1)
    const folder = path.resolve(input.words[0] ?? '.')
    if (input.has('peer')) return bePeer(folder, terminal)
    const site = await siteOf(folder)
    return examine(folder, terminal, new Output(input, terminal), () =>
      checkComputeNodes(folder, starterOf(packageRoot), site),
    )
  },
}

/** The site of the folder, if any. @throws BjobError if it is unreadable */
async function siteOf(folder: string): Promise<Site | undefined> {
  try {
    return await openTree(folder, {})
  } catch (error) {
    if (error instanceof BjobError && error.code === 'no-site') return undefined
    throw error
  }
}

async function examine(
  folder: string,
  terminal: Terminal,
  output: Output,
  checkElsewhere: () => Promise<readonly Check[]>,
): Promise<number> {
  const consultation = await beginConsultation(folder)
  const checks: Check[] = []
  const listing: LineListing<Check & { readonly nodes: number }> = {
    record: (check) => check,
    columns: ['nodes', 'name', 'grade', 'finding'],
    line: (check) => lineOf(check, terminal),
  }
  const tell = async (made: readonly Check[], isTogether: boolean): Promise<void> => {
    checks.push(...made)
    for (const check of made) await output.printItem({ nodes: isTogether ? 2 : 1, ...check }, listing)
  }
  try {
    if (output.isText) await terminal.line(folder)
    else await terminal.write(output.head(listing))
    const local = await probeHere(consultation.alone)
    await tell(judgeLocal(local), false)
    await tell(await checkElsewhere(), false)
    const isAsked = local.kind.isNetwork || (await isAwaited(consultation))
    const together = isAsked ? await probeTogether(consultation, PEER_MS, 'value' in local.locks) : undefined
    if (together !== undefined) {
      if (output.isText) await terminal.line(`with ${together.host}`)
      await tell(judgePeer(together, local.kind.isNetwork), true)
    }
    const settings = suitableSettings(local, together)
    if (output.isJson) await output.json({ fit: isFit(checks), settings })
    if (output.isText) await terminal.write(summaryOf(checks, settings))
    if (together === undefined && local.kind.isNetwork)
      terminal.note(
        `hint: to test two nodes, run this on a second one: bjob doctor --peer ${quoteShellWord(folder)}\n      then run the doctor here again`,
      )
    return isFit(checks) ? 0 : 3
  } finally {
    await endConsultation(consultation)
  }
}

async function bePeer(folder: string, terminal: Terminal): Promise<number> {
  terminal.note(`waiting for the first node; run there: bjob doctor ${quoteShellWord(folder)}`)
  const stop = stopSignal()
  for (;;) {
    const consultation = await joinConsultation(folder, stop)
    if (consultation === undefined)
      throw requestError('stopped', `stopped by ${String(stop.reason)} before the first node asked for anything`)
    try {
      await assist(consultation)
      await terminal.line('done; the first node prints the results')
      return 0
    } catch (error) {
      // A killed doctor left it; the next one may be alive.
      terminal.note(`${error instanceof Error ? error.message : String(error)}; still waiting`)
    }
  }
}

function lineOf({ name, grade, finding }: Check, terminal: Terminal): string {
  return `${terminal.paint(COLOURS[grade], grade.padEnd(4))}  ${name.padEnd(19)}  ${finding}`
}

function summaryOf(checks: readonly Check[], settings: SuitableSettings): string {
  const lines = Object.entries(settings).map(([name, value]) => `  ${name}: ${value}`)
  const count = checks.filter(({ grade }) => grade === 'bad').length
  const verdict =
    count === 0
      ? 'fit for bjob. Settings for bjob.yaml:'
      : `not fit for bjob: ${countOf(count, 'check')} failed. Settings to use in bjob.yaml nevertheless:`
  return `${verdict}\n${lines.join('\n')}\n`
}
