/**
 * A site of its own for a test, in a fresh temporary folder: the real command, jobs that the test
 * controls, waiting with a deadline. When it is disposed of, a process or a lock that was left
 * behind fails the test.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { inject } from 'vitest'
import { wordsOf, type ToldEntry, tell } from '../../src/core/life/event-words.ts'
import { parseState } from '../../src/core/life/state-document.ts'
import type { JobState } from '../../src/core/life/job-state.ts'
import { findByEnvironment } from '../../src/lib/process/process-table.ts'
import { ControlledJobs } from './controlled-jobs.ts'
import { loginEnvironment } from './environment.mjs'
import { type Outcome, RunningProcess } from './running-process.ts'
import { findLeftovers } from './tree.ts'
import { type Within, until } from './until.ts'

/** Found in the environment of everything that a rig has started, and of what that has started. */
const MARK = 'BJOB_TEST_RIG'
const COMMAND = path.resolve(import.meta.dirname, '../../bin/bjob.js')

export type TestedState = Omit<JobState, 'history'> & { readonly history: readonly ToldEntry[] }

export interface RigOptions {
  /** Lines of bjob.yaml. */
  readonly settings?: string
  /** Where the folder is made; the system's temporary folder unless given. */
  readonly parent?: string
  /** The test kills writers in the middle: locks, drafts and links may be left behind. */
  readonly mayLeaveScaffolding?: true
}

export interface RunOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  /** The folder to run in; the site's unless given. */
  readonly cwd?: string
  readonly within?: number
}

export class Rig implements AsyncDisposable {
  /** The site's folder. */
  readonly site: string
  /** A folder outside the site, for what jobs and tests write. */
  readonly outside: string
  readonly jobs: ControlledJobs
  readonly #folder: string
  readonly #id = randomBytes(8).toString('hex')
  readonly #options: RigOptions
  readonly #processes = new Set<RunningProcess>()

  private constructor(options: RigOptions) {
    this.#options = options
    this.#folder = fs.realpathSync(fs.mkdtempSync(path.join(options.parent ?? os.tmpdir(), 'bjob-test-')))
    this.site = path.join(this.#folder, 'site')
    this.outside = path.join(this.#folder, 'outside')
    fs.mkdirSync(this.outside)
    this.jobs = new ControlledJobs(path.join(this.#folder, 'socket'))
  }

  /**
   * A site with three applications: `controlled` obeys the test, `yes` ends well at once, `no`
   * badly.
   */
  static async create(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options)
    fs.cpSync(inject('newSite'), rig.site, { recursive: true })
    // A short lease and grace: tests wait for deaths and ends. The kernel's crash is not tested
    // here, so nothing is flushed to the disk.
    fs.writeFileSync(
      path.join(rig.site, 'bjob.yaml'),
      options.settings ?? 'format: 1\nlease_seconds: 3\ngrace_seconds: 2\ndurability: process\n',
    )
    const program = path.join(inject('programs'), 'controlled-job.cjs')
    rig.addApplication('controlled', `executable: [${JSON.stringify(process.execPath)}, ${JSON.stringify(program)}]\n`)
    rig.addApplication('yes', 'executable: "true"\n')
    rig.addApplication('no', 'executable: [/bin/sh, -c, "echo it went wrong >&2; exit 3"]\n')
    return rig
  }

  addApplication(name: string, yaml: string): void {
    fs.writeFileSync(path.join(this.site, 'apps', `${name}.yaml`), yaml)
  }

  /** Runs the real command to its end. */
  async bjob(args: readonly string[], { within = 60, ...options }: RunOptions = {}): Promise<Outcome> {
    return this.start(args, options).ended({ within })
  }

  /** As `bjob`, and fails unless it exits with 0. @returns what it printed */
  async done(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.bjob(args, options)
    if (status !== 0) throw new Error(`bjob ${args.join(' ')} exited with ${status}: ${stderr}${stdout}`)
    return stdout
  }

  /** Starts the real command and lets it go on. */
  start(args: readonly string[], options: RunOptions = {}): RunningProcess {
    return this.startProgram([process.execPath, COMMAND, ...args], options)
  }

  /** Starts a program of `rig/programs`. */
  startNamed(program: string, args: readonly string[], options: RunOptions = {}): RunningProcess {
    return this.startProgram([process.execPath, path.join(inject('programs'), `${program}.cjs`), ...args], options)
  }

  startProgram(words: readonly string[], { input, env = {}, cwd = this.site }: RunOptions = {}): RunningProcess {
    const environment = {
      ...loginEnvironment(),
      NO_COLOR: '1',
      [MARK]: this.#id,
      BJOB_TEST_SOCKET: path.join(this.#folder, 'socket'),
      ...env,
    }
    const started = new RunningProcess(
      `\`${words
        .slice(1)
        .map((word) => path.basename(word))
        .join(' ')}\``,
      words,
      cwd,
      environment,
      input,
    )
    this.#processes.add(started)
    return started
  }

  /** A launcher that stays until it is told to end; resolves once it looks for jobs. */
  async launch(args: readonly string[] = []): Promise<RunningProcess> {
    const launcher = this.start(['launch', '--persistent', '--slots', '2', ...args])
    await launcher.printed(/launcher \S+/)
    return launcher
  }

  /** A job's folder. */
  folder(id: string): string {
    return path.join(this.site, 'jobs', id)
  }

  /** A job's state, from its file. */
  /** The history; `message` is the whole message of an entry. */
  state(id: string): TestedState {
    const file = path.join(this.folder(id), 'state.yaml')
    const state = parseState(fs.readFileSync(file, 'utf8'), file)
    return { ...state, history: state.history.map(tell) }
  }

  /** The states that a job's history lists, in order. */
  history(id: string): string[] {
    return this.state(id).history.map(({ state }) => state)
  }

  /** The last message of a job's history. */
  lastWords(id: string): string {
    const last = this.state(id).history.at(-1)
    return last === undefined ? '' : wordsOf(last)
  }

  /** Adds to a journal, as a process on a node of that name would. */
  appendJournal(host: string, text: string): void {
    fs.mkdirSync(path.join(this.site, 'journal'), { recursive: true })
    fs.appendFileSync(path.join(this.site, 'journal', `${host}.jsonl`), text)
  }

  /** The ids of all folders in `jobs/`. */
  ids(): string[] {
    const workflows = fs.readdirSync(path.join(this.site, 'jobs'))
    return workflows
      .flatMap((workflow) =>
        fs.readdirSync(path.join(this.site, 'jobs', workflow)).map((name) => `${workflow}/${name}`),
      )
      .filter((id) => !id.includes('/.'))
  }

  /** Waits for a job's state. */
  async reached(id: string, state: string, within: Within = {}): Promise<JobState> {
    return this.until(
      `${id} to be ${state}`,
      () => (this.state(id).state === state ? this.state(id) : undefined),
      within,
      () => this.history(id).join(' '),
    )
  }

  until = until

  /** The processes that still run of all that this rig has started, directly or not. */
  alive(): number[] {
    return findByEnvironment(MARK, this.#id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = [...this.#processes].filter(({ hasExited }) => !hasExited).map(({ pid }) => pid)
    this.jobs.close()
    // A launcher's agents end when it does, a moment later.
    const deadline = performance.now() + 30_000
    while (left.length === 0 && this.alive().length > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20))
    const alive = this.alive().map((pid) => `${pid} ${commandOf(pid)}`)
    for (const pid of this.alive()) killQuietly(pid)
    const leftovers = this.#options.mayLeaveScaffolding === true ? [] : findLeftovers(path.join(this.site, 'jobs'))
    fs.rmSync(this.#folder, { recursive: true, force: true })
    if (alive.length > 0) throw new Error(`left running: ${alive.join('; ')}`)
    if (leftovers.length > 0) throw new Error(`left behind: ${leftovers.join(', ')}`)
  }
}

function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
