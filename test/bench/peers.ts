/**
 * Other programs that run many small tasks. Each is a contestant that gives its rate, or a note
 * that it is not installed.
 */
import fs from 'node:fs'
import path from 'node:path'
import { hasCommand } from '../../src/lib/process/run-command.ts'
import { runToEnd } from './bench-command.ts'
import type { Contestant } from './contest.ts'
import { buildLimits, runLimit } from './limits.ts'
import type { Bench, Place } from './scenario.ts'

/** Debian's: the one that has its packages. */
const PYTHON = '/usr/bin/python3'

const LOOP = `
const { spawn } = require('node:child_process')
let left = Number(process.argv[1])
const next = () => { if (left-- > 0) spawn('true', { stdio: 'ignore' }).on('exit', next) }
for (let slot = 0; slot < Number(process.argv[2]); slot++) next()
`

const JUGFILE = (count: number): string => `import subprocess
from jug import TaskGenerator

@TaskGenerator
def run(at):
    return subprocess.call(["true"])

ends = [run(at) for at in range(${count})]
`

/**
 * `count` trivial things, `slots` at once, on the first place; xargs first, which all are compared
 * with.
 */
export async function peersOf(bench: Bench, count: number, slots: number): Promise<Contestant[]> {
  const [place] = bench.places
  if (place === undefined) return []
  const input = `${Array.from({ length: count }, (_, index) => index).join('\n')}\n`
  const command = (what: string, words: readonly string[], given = input): Contestant => ({
    what,
    run: async () => (count / (await runToEnd(words, { input: given })).ms) * 1000,
  })
  const peers = [command(`xargs -P${slots} -n1 true`, ['xargs', `-P${slots}`, '-n1', 'true'])]
  const limits = await buildLimits(bench)
  if (limits !== undefined)
    peers.push({
      what: `posix_spawn from C, ${slots} at once`,
      run: async () => count / (await runLimit(limits, ['start', String(count), String(slots)])),
    })
  peers.push(command('child_process.spawn in a loop', [process.execPath, '-e', LOOP, String(count), String(slots)], ''))
  if (hasCommand('parallel')) {
    const log = path.join(place.folder, 'joblog')
    peers.push(command('GNU parallel', ['parallel', `-j${slots}`, 'true']))
    peers.push(command('GNU parallel --joblog', ['parallel', `-j${slots}`, '--joblog', log, 'true']))
  } else bench.lacks('GNU parallel')
  if (await hasOptuna()) peers.push(optuna(place, count, slots))
  else bench.lacks("Optuna (Debian's python3-optuna)")
  if (hasCommand('jug')) peers.push(jug(place, count, slots))
  else bench.note('jug is not installed')
  return peers
}

async function hasOptuna(): Promise<boolean> {
  if (!fs.existsSync(PYTHON)) return false
  return runToEnd([PYTHON, '-c', 'import optuna']).then(
    () => true,
    () => false,
  )
}

/** Its own word for the rate, without its start. */
function optuna(place: Place, count: number, slots: number): Contestant {
  const script = path.resolve('test/bench/peers-optuna.py')
  return {
    what: `Optuna JournalStorage on ${place.name}, ${slots} workers, no process`,
    run: async (round) => {
      const log = path.join(place.folder, `optuna-${round}.log`)
      return Number((await runToEnd([PYTHON, script, String(count), String(slots), log])).stdout)
    },
  }
}

function jug(place: Place, count: number, slots: number): Contestant {
  return {
    what: `jug on ${place.name}, ${slots} workers`,
    run: async () => {
      const cwd = fs.mkdtempSync(path.join(place.folder, 'jug-'))
      fs.writeFileSync(path.join(cwd, 'jugfile.py'), JUGFILE(count))
      const begin = performance.now()
      const words = ['jug', 'execute', 'jugfile.py', '--jugdir', 'done']
      await Promise.all(Array.from({ length: slots }, () => runToEnd(words, { cwd })))
      return (count / (performance.now() - begin)) * 1000
    },
  }
}
