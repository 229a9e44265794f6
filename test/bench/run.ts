/** `npm run bench [-- NAME… --small --json FILE]`: runs the scenarios one after the other and prints each figure as a ratio. It never judges a time. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { idle } from './idle.ts'
import { latency } from './latency.ts'
import { nameCalls } from './name-calls.ts'
import { placement } from './placement.ts'
import type { Bench, Build, Figure, Place, Scenario } from './scenario.ts'
import { session } from './session.ts'
import { size } from './size.ts'
import { startUp } from './start-up.ts'
import { throughput } from './throughput.ts'

const SCENARIOS: readonly Scenario[] = [startUp, throughput, latency, session, nameCalls, idle, size, placement]

const HELP = `npm run bench -- [NAME…] [--small] [--json FILE] [--disk DIR]… [--against DIR] [--keep]

${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

  --small        a minute or two in all, for a continuous integration: the figures mean nothing
  --json FILE    write everything measured to FILE, too
  --disk DIR     measure in DIR (again for another; default: /dev/shm, where there is one, and the folder for temporary files)
  --against DIR  measure another checkout of bjob, already built, in turn with this one
  --keep         leave the sites that were measured on
`

interface Result extends Figure {
  readonly scenario: string
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      small: { type: 'boolean', default: false },
      json: { type: 'string' },
      disk: { type: 'string', multiple: true },
      against: { type: 'string', multiple: true, default: [] },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const chosen = positionals.length === 0 ? SCENARIOS : positionals.map(findScenario)
  const places = (values.disk ?? defaultDisks()).map(makePlace)
  const machine = describeMachine(places)
  process.stdout.write(`${machine}\n`)
  const results: Result[] = []
  const notes: string[] = []
  try {
    for (const scenario of chosen) {
      process.stdout.write(`\n${scenario.name}: ${scenario.about}\n`)
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
        note: (text) => {
          notes.push(`${scenario.name}: ${text}`)
          process.stdout.write(`  (${text})\n`)
        },
      }
      await scenario.run(bench)
    }
  } finally {
    if (values.json !== undefined)
      fs.writeFileSync(
        values.json,
        `${JSON.stringify({ machine, isSmall: values.small, notes, results }, undefined, 2)}\n`,
      )
    if (!values.keep) for (const { folder } of places) fs.rmSync(folder, { recursive: true, force: true })
  }
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

function describeMachine(places: readonly Place[]): string {
  const model = os.cpus()[0]?.model.trim() ?? 'unknown'
  const load = os.loadavg()[0] ?? 0
  const disks = places.map(({ name }) => name).join(' and ')
  return `${os.availableParallelism()} cores (${model}), ${os.type()} ${os.release()}, Node ${process.version}, ${disks}, load ${load.toFixed(1)} at the start, ${new Date().toISOString()}`
}

/** `a   81.2 ms (79.0–90.1)   1.25 × node -e 0 (65.1 ms)   budget 1.3 ×` */
function formatFigure({ what, unit, value, samples, against, budget }: Figure): string {
  const spread = samples.length > 1 ? ` (${short(Math.min(...samples))}–${short(Math.max(...samples))})` : ''
  const ratio =
    against === undefined ? '' : `   ${short(against.ratio)} × ${against.what} (${short(against.value)} ${unit})`
  return `${what.padEnd(48)} ${short(value)} ${unit}${spread}${ratio}${budget === undefined ? '' : `   budget ${budget}`}`
}

function short(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
