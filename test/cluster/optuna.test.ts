/**
 * The Optuna driver of `bjob init --template python` with a real model: its driver, its session and
 * its launcher killed on the way.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { DEBIAN_PYTHON, needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'
import type { RunningProcess } from '../rig/running-process.ts'

const COMMAND = path.resolve(import.meta.dirname, '../../bin/bjob.js')
const LONG = process.env['SURVIVAL_LONG'] !== undefined
const TRIALS = LONG ? 200 : 40
/** After how much of the study each of the three is killed. */
const KILLS = LONG ? [0.1, 0.25, 0.4, 0.55, 0.7, 0.85] : [0.25, 0.5, 0.75]

/** A space of the driver's is any space: here one with a parameter that not every point has. */
const SUGGEST = '    return {"x1": trial.suggest_float("x1", -5, 10), "x2": trial.suggest_float("x2", 0, 15)}\n'
const CONDITIONAL = `${SUGGEST.replace('return', 'x =')}    x["kernel"] = trial.suggest_categorical("kernel", ["rbf", "poly"])
    if x["kernel"] == "poly":
        x["degree"] = trial.suggest_int("degree", 2, 4)
    return x
`

interface Trial {
  readonly number: number
  readonly state: string
  readonly params: Readonly<Record<string, number | string>>
  readonly value: number | null
}

function readJson<T>(...parts: readonly string[]): T {
  return JSON.parse(fs.readFileSync(path.join(...parts), 'utf8')) as T
}

function sessionsOf(driver: RunningProcess): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...words]) => Number(parent) === driver.pid && words.includes('session'))
    .map(([pid]) => Number(pid))
}

test(
  `an Optuna study of ${TRIALS} trials agrees with the tree at its end`,
  { ...needs("Debian's Optuna and scikit-learn", 'ps'), timeout: 1_800_000 },
  async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const site = path.join(rig.outside, 'site')
    await rig.done(['init', site, '--template', 'python'], { cwd: rig.outside })
    fs.appendFileSync(path.join(site, 'bjob.yaml'), 'lease_seconds: 5\ndurability: process\n')
    fs.copyFileSync(path.join(import.meta.dirname, 'eval_point_svm.py'), path.join(site, 'eval_point.py'))
    const program = path.join(site, 'driver_optuna.py')
    const text = fs.readFileSync(program, 'utf8')
    expect(text).toContain(SUGGEST)
    fs.writeFileSync(program, text.replace(SUGGEST, CONDITIONAL))
    const bin = path.join(rig.outside, 'bin')
    fs.mkdirSync(bin)
    fs.writeFileSync(path.join(bin, 'bjob'), `#!/bin/sh\nexec ${process.execPath} ${COMMAND} "$@"\n`, { mode: 0o755 })
    fs.symlinkSync(DEBIAN_PYTHON, path.join(bin, 'python3'))
    const options = { cwd: site, env: { PATH: `${bin}:${process.env['PATH']}`, OMP_NUM_THREADS: '1' } }
    const startDriver = (): RunningProcess =>
      rig.startProgram([DEBIAN_PYTHON, '-u', 'driver_optuna.py', String(TRIALS), '4'], options)
    const startLauncher = (): RunningProcess =>
      rig.start(['launch', '--persistent', '--slots', '2', '--quiet'], options)
    const study = path.join(site, 'jobs', 'optuna')
    const listTrials = (): string[] =>
      fs.existsSync(study) ? fs.readdirSync(study).filter((name) => !name.startsWith('.')) : []
    const countResults = (): number =>
      listTrials().filter((name) => fs.existsSync(path.join(study, name, 'result.dat'))).length

    let driver = startDriver()
    let launcher = startLauncher()
    for (const share of KILLS) {
      await rig.until(`${share} of the study`, () => countResults() >= share * TRIALS, { within: 600 })
      for (const pid of sessionsOf(driver)) process.kill(pid, 'SIGKILL')
      await rig.until('another trial', () => countResults() > share * TRIALS, { within: 60 })
      await launcher.kill('SIGKILL')
      launcher = startLauncher()
      await driver.kill('SIGKILL')
      driver = startDriver()
    }
    const { status, stdout, stderr } = await driver.ended({ within: 900 })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^best: trial \d+ loss 0\.\d+ at/m)
    await launcher.kill('SIGTERM')

    const record = execFileSync(
      DEBIAN_PYTHON,
      [path.join(import.meta.dirname, 'study.py'), 'sqlite:///study.db', 'optuna'],
      {
        cwd: site,
        encoding: 'utf8',
      },
    )
    const trials = record
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Trial)
    expect(trials).toHaveLength(TRIALS)
    // A trial whose point was not complete when its driver was killed is known as failed, and has
    // no job.
    const evaluated = trials.filter(({ state }) => state === 'COMPLETE')
    expect(trials.filter(({ state }) => state !== 'COMPLETE' && state !== 'FAIL')).toEqual([])
    expect(trials.length - evaluated.length).toBeLessThanOrEqual(KILLS.length)
    expect(listTrials().toSorted()).toEqual(evaluated.map(({ number }) => `trial${number}`).toSorted())
    for (const { number, params, value } of evaluated) {
      const folder = path.join(study, `trial${number}`)
      expect(readJson<{ x: unknown }>(folder, `trial${number}.dat`).x).toEqual(params)
      expect(readJson<{ loss: number }>(folder, 'result.dat').loss).toBe(value)
      expect(fs.readFileSync(path.join(folder, 'state.yaml'), 'utf8')).toMatch(/^state: JOB_FINISHED$/m)
    }
  },
)
