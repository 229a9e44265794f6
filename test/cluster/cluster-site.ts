/** A site on the cluster's shared folder, and the commands of its login node. */
import { execFile, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { wordsOf } from '../../src/core/life/event-words.ts'
import { parseState } from '../../src/core/life/state-document.ts'
import { until } from '../rig/until.ts'
import { rigEnvironment } from './rig-environment.ts'

const RIG = path.join(import.meta.dirname, 'slurm')
const ROOT = path.resolve(import.meta.dirname, '../..')

/** Runs a verb of the rig. */
export function rig(...args: string[]): string {
  return execFileSync(RIG, args, { encoding: 'utf8', env: rigEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] })
}

/**
 * The variables of a login node's shell, as the rig prints them: lines of `export NAME=VALUE …`.
 */
function clusterVariables(): Record<string, string> {
  const words = rig('env')
    .split(/\s+/)
    .filter((word) => word.includes('='))
  return Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface JobRequest {
  readonly name: string
  readonly application: string
  readonly args?: readonly string[]
  readonly [field: string]: unknown
}

export class ClusterSite implements AsyncDisposable {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv

  private constructor(settings: string) {
    this.env = { ...rigEnvironment(), ...clusterVariables() }
    const parent = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-cluster-')))
    this.folder = path.join(parent, 'site')
    fs.mkdirSync(this.folder)
    execFileSync(process.execPath, [path.join(ROOT, 'bin', 'bjob.js'), 'init', this.folder], {
      env: this.env,
      stdio: 'ignore',
    })
    fs.writeFileSync(
      path.join(this.folder, 'bjob.yaml'),
      `lease_seconds: 6\ngrace_seconds: 3\ndurability: process\n${settings}`,
    )
    this.addShell('once', 'hostname; echo x >>starts; sleep "$0"; echo x >>ends')
    // Not `sleep & wait`: Slurm may signal the sleep first, and a shell that has nothing left to do
    // is over before its own signal comes.
    this.addShell('saves', `trap 'echo saved >>saved; exit 9' TERM; echo begun; for i in $(seq "$0"); do sleep 1; done`)
    this.addShell('stubborn', `trap '' TERM; echo x >>starts; for i in $(seq "$0"); do sleep 1; done`)
    this.addApplication('openmpi', `executable: [${this.env['MPI_HELLO_OPENMPI']}]\n`)
    this.addApplication('mpich', `executable: [${this.env['MPI_HELLO_MPICH']}]\n`)
  }

  /** @param settings lines of bjob.yaml */
  static create(settings = ''): ClusterSite {
    return new ClusterSite(settings)
  }

  addApplication(name: string, yaml: string): void {
    fs.writeFileSync(path.join(this.folder, 'apps', `${name}.yaml`), yaml)
  }

  /** An application that is a shell's script; its argument is `$0`. */
  addShell(name: string, script: string): void {
    this.addApplication(name, `executable: ${JSON.stringify(['sh', '-c', script])}\n`)
  }

  async run(
    command: string,
    args: readonly string[],
    options: { input?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Ran> {
    return new Promise((resolve) => {
      const settings = { cwd: this.folder, env: { ...this.env, ...options.env }, timeout: 240_000 }
      const child = execFile(command, args, settings, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
      )
      // A program that reads nothing may exit before everything is written.
      child.stdin?.on('error', () => {}).end(options.input ?? '')
    })
  }

  async bjob(args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ran> {
    return this.run(process.execPath, [path.join(ROOT, 'bin', 'bjob.js'), ...args], options)
  }

  /** As `bjob`, of a command that has to work. @returns what it printed */
  async done(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.bjob(args, input === undefined ? {} : { input })
    if (code !== 0) throw new Error(`bjob ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  async spawn(jobs: readonly JobRequest[]): Promise<void> {
    const lines = jobs.map((job) => JSON.stringify({ workflow: 'w', wall_time_minutes: 0.1, ...job }))
    await this.done(['spawn', '--from', '-'], `${lines.join('\n')}\n`)
  }

  /** @returns the scheduler's id */
  async submit(nodes: number, minutes: number, ...options: string[]): Promise<string> {
    const printed = await this.done(['submit', '-n', String(nodes), '-t', String(minutes), '--json', ...options])
    return (JSON.parse(printed) as { scheduler_id: string }).scheduler_id
  }

  async isQueued(id: string): Promise<boolean> {
    const { stdout } = await this.run('squeue', ['--noheader', '--states=PENDING,RUNNING', '--format=%i'])
    return stdout.split('\n').includes(id)
  }

  async untilOver(id: string, within: number): Promise<void> {
    await until(
      `the end of batch job ${id}`,
      async () => !(await this.isQueued(id)),
      { within },
      () => this.log(),
    )
  }

  /** How many jobs are in each state. */
  async states(): Promise<Record<string, number>> {
    const counts = JSON.parse(await this.done(['ls', '--by-state', '--json'])) as Record<string, number>
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
  }

  async untilStates(wanted: (states: Record<string, number>) => boolean, within: number): Promise<void> {
    await until(
      'the jobs',
      async () => wanted(await this.states()),
      { within },
      async () => ({
        states: await this.states(),
        log: this.log(),
      }),
    )
  }

  /**
   * Prints what part of the launchers' core time jobs had, as `bjob report` counts it, and how the
   * serial jobs were spread.
   */
  async tellUtilization(title: string, jobsOf: ReadonlyMap<string, number>): Promise<void> {
    const { utilization, launchers } = JSON.parse(await this.done(['report', '--json'])) as {
      utilization: { core_seconds: number; offered_core_seconds: number }
      launchers: { start: string; end: string }[]
    }
    const share = utilization.core_seconds / utilization.offered_core_seconds
    const [launcher] = launchers
    const seconds = (Date.parse(launcher?.end ?? '') - Date.parse(launcher?.start ?? '')) / 1000
    const spread = [...jobsOf].map(([node, count]) => `${node} ${count}`).join(', ')
    process.stdout.write(
      `${title}: ${(share * 100).toFixed(0)} % of the cores in use over ${seconds.toFixed(1)} s; ${spread}\n`,
    )
  }

  state(name: string) {
    const file = path.join(this.folder, 'jobs', 'w', name, 'state.yaml')
    return parseState(fs.readFileSync(file, 'utf8'), file)
  }

  /** The nodes that each of the job's attempts was given, as host lists. */
  claimedNodes(name: string): string[] {
    return this.state(name).history.flatMap(({ event }) => (event?.kind === 'claimed' ? event.nodes : []))
  }

  /** The lines of a file in a job's folder; none where it is not there. */
  lines(name: string, file: string): string[] {
    const full = path.join(this.folder, 'jobs', 'w', name, file)
    return fs.existsSync(full)
      ? fs
          .readFileSync(full, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : []
  }

  /** The problems in the launchers' logs, and their last lines. */
  log(): string {
    const folder = path.join(this.folder, 'launchers')
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : []
    return names
      .map((name) => {
        const lines = fs.readFileSync(path.join(folder, name, 'launcher.log'), 'utf8').split('\n')
        const failed = lines.filter((line) => / (WARN|ERROR) /.test(line)).slice(0, 20)
        const tails = failed.flatMap((line) => {
          const [, job = ''] = / \S+\/(\S+) FAILED/.exec(line) ?? []
          return job === '' ? [line] : [line, ...this.state(job).history.map(wordsOf)]
        })
        return [...tails, '…', ...lines.slice(-20)].join('\n')
      })
      .join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('scancel', ['--user=root', '--state=PENDING'])
    await this.run('scancel', ['--user=root'])
    await until('the cluster to be idle', async () => (await this.run('squeue', ['--noheader'])).stdout === '', {
      within: 60,
    })
    fs.rmSync(path.dirname(this.folder), { recursive: true, force: true })
  }
}
