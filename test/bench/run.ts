/**
 * `npm run bench`: runs the scenarios one after the other and prints each figure as a ratio. It
 * never judges a time.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { agents } from './agents.ts'
import { durability } from './durability.ts'
import { type Result, formatFigure } from './figure-text.ts'
import { busyServer } from './busy-server.ts'
import { folders } from './folders.ts'
import { idle } from './idle.ts'
import { latency } from './latency.ts'
import { million } from './million.ts'
import { launchers } from './launchers.ts'
import { nameCalls } from './name-calls.ts'
import { keepOutcome, updateReadme } from './outcome.ts'
import { placement } from './placement.ts'
import type { Bench, Build, Place, Scenario } from './scenario.ts'
import { session } from './session.ts'
import { size } from './size.ts'
import { startUp } from './start-up.ts'
import { throughput } from './throughput.ts'

/** `million` last: file systems are slow after it. */
const SCENARIOS: readonly Scenario[] = [
  startUp,
  throughput,
  folders,
  latency,
  session,
  nameCalls,
  idle,
  busyServer,
  launchers,
  placement,
  agents,
  durability,
  size,
  million,
]

const HELP = `npm run bench -- [NAME…] [--small] [--readme] [--disk DIR]… [--against DIR] [--keep]

${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

  --small        a few minutes in all, for a continuous integration: the figures mean nothing
  --readme       put the tables into README.md, those of scenarios that earlier runs have measured, too
  --disk DIR     measure in DIR (again for another; default: /dev/shm, where there is one, and the folder for temporary files)
  --against DIR  measure another checkout of bjob, already built, in turn with this one
  --keep         leave the sites that were measured on
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      small: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
      disk: { type: 'string', multiple: true },
      against: { type: 'string', multiple: true, default: [] },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  if (values.small && values.readme) throw new Error('--readme is for figures that mean something, not for --small')
  const chosen = positionals.length === 0 ? SCENARIOS : positionals.map(findScenario)
  const places = (values.disk ?? defaultDisks()).map(makePlace)
  const machine = describeMachine(places)
  process.stdout.write(`${machine}, load ${(os.loadavg()[0] ?? 0).toFixed(1)} at the start\n`)
  const results: Result[] = []
  const notes: string[] = []
  try {
    for (const scenario of chosen) {
      process.stdout.write(`\n${scenario.name}: ${scenario.about}\n`)
      const note = (text: string): void => {
        notes.push(`${scenario.name}: ${text}`)
        process.stdout.write(`  (${text})\n`)
      }
      const bench: Bench = {
        isSmall: values.small,
        builds: [
          buildAt('bjob', process.cwd()),
          ...values.against.map((folder) => buildAt(path.basename(folder), folder)),
        ],
        places,
        report: (figure) => {
          results.push({ scenario: scenario.name, ...figure })
          process.stdout.write(`  ${formatFigure(figure)}\n`)
        },
        note,
        lacks: (tool) => {
          note(`${tool} is not installed`)
          if (process.env['BJOB_TEST_REQUIRE_ALL'] === '1') process.exitCode = 1
        },
      }
      await scenario.run(bench)
    }
  } finally {
    if (!values.keep) for (const { folder } of places) fs.rmSync(folder, { recursive: true, force: true })
  }
  const folder = path.join('node_modules/.cache/bjob-bench', values.small ? 'small' : '')
  const names = chosen.map(({ name }) => name)
  const date = new Date().toISOString().slice(0, 10)
  const outcome = keepOutcome(folder, { machine, date, isSmall: values.small, notes, results }, names)
  process.stdout.write(`\n${path.join(folder, 'bench.json')}, bench.md, bench.svg\n`)
  if (values.readme) updateReadme(outcome)
}

function findScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario ${name}\n\n${HELP}`)
  return scenario
}

function buildAt(name: string, folder: string): Build {
  const program = path.resolve(folder, 'bin/bjob.js')
  if (!fs.existsSync(path.resolve(folder, 'dist/bjob.cjs'))) throw new Error(`${folder} is not built: npm run build`)
  return { name, program }
}

function defaultDisks(): string[] {
  return [...(fs.existsSync('/dev/shm') ? ['/dev/shm'] : []), os.tmpdir()]
}

/** `f_type` of statfs(2). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0x01021994: 'tmpfs',
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlay',
  0x2fc12fc1: 'zfs',
  0x6969: 'nfs',
  0x0bd00bd0: 'lustre',
}

function makePlace(disk: string): Place {
  const { type } = fs.statfsSync(disk)
  return {
    name: FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`,
    folder: fs.mkdtempSync(path.join(disk, 'bjob-bench-')),
  }
}

/** The facts that stay the same from run to run. */
function describeMachine(places: readonly Place[]): string {
  const model = os.cpus()[0]?.model.trim() ?? 'unknown'
  const disks = places.map(({ name }) => name).join(' and ')
  return `${os.availableParallelism()} cores (${model}), ${os.type()} ${os.release()}, Node ${process.version}, ${disks}`
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
