/**
 * A process that a test has started and that goes on by itself: a launcher, a reader that follows.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { type Within, until } from './until.ts'

export interface Outcome {
  /** The exit status; null when a signal ended it. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class RunningProcess {
  readonly exit: Promise<Outcome>
  readonly #child: ChildProcess
  readonly #what: string
  #stdout = ''
  #stderr = ''
  #hasExited = false

  constructor(what: string, words: readonly string[], cwd: string, env: NodeJS.ProcessEnv, input: string | undefined) {
    const [file = '', ...args] = words
    this.#what = what
    this.#child = spawn(file, args, { cwd, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    // Who is killed in the middle of reading closes the pipe early.
    this.#child.stdin?.on('error', () => {}).end(input)
    this.exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (status, signal) => {
        this.#hasExited = true
        resolve({ status, signal, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  get hasExited(): boolean {
    return this.#hasExited
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Sends a signal and waits for the end. */
  async kill(name: NodeJS.Signals): Promise<Outcome> {
    this.signal(name)
    return this.ended()
  }

  /** Waits for its own end. */
  async ended(within: Within = {}): Promise<Outcome> {
    await until(
      `the end of ${this.#what}`,
      () => this.#hasExited,
      within,
      () => `${this.#stdout.slice(-500)}${this.#stderr.slice(-500)}`,
    )
    return this.exit
  }

  /** Waits until it has printed something. */
  async printed(text: string | RegExp, within: Within = {}): Promise<string> {
    return until(
      `${this.#what} to print ${String(text)}`,
      () => (typeof text === 'string' ? this.#stdout.includes(text) : text.test(this.#stdout)) && this.#stdout,
      within,
      () => `${this.#stdout}${this.#stderr}${this.#hasExited ? ' (it has ended)' : ''}`,
    )
  }
}
