/**
 * A site to measure on: a fresh folder, made and used by the real command. Nothing is deleted
 * before the bench is over: ext4 is slow after that.
 */
import type { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { type CommandOptions, type Finished, runToEnd, startCommand } from './bench-command.ts'
import type { Build, Place } from './scenario.ts'

/**
 * Applications of every site: one that ends at once, one soon, one that does not end, and one that
 * tells the time.
 */
const APPLICATIONS = [
  ['none', ['true']],
  ['nap', ['sleep', '0.2']],
  ['hold', ['sleep', '100000']],
  ['clock', ['date', '+%s%N']],
] as const

export class BenchSite {
  readonly root: string
  readonly #build: Build

  private constructor(build: Build, root: string) {
    this.#build = build
    this.root = root
  }

  static async make(build: Build, place: Place): Promise<BenchSite> {
    const site = new BenchSite(build, fs.mkdtempSync(path.join(place.folder, 'site-')))
    await site.run(['init'])
    for (const [name, words] of APPLICATIONS) await site.run(['app', 'add', name, '--executable', words.join(' ')])
    return site
  }

  /** The words that run a command of bjob in this site (with `options`). */
  words(args: readonly string[]): string[] {
    return [process.execPath, this.#build.program, ...args]
  }

  get options(): CommandOptions {
    return { cwd: this.root, environment: this.#build.environment ?? {} }
  }

  async run(args: readonly string[], input = ''): Promise<Finished> {
    return runToEnd(this.words(args), { ...this.options, input })
  }

  start(args: readonly string[]): ChildProcess {
    return startCommand(this.words(args), this.options)
  }

  /** Makes `count` jobs with one command. */
  async spawnMany(count: number, application: string, workflow = 'default', prefix = 'job'): Promise<Finished> {
    return this.run(['spawn', '--from', '-'], recordLines(count, application, workflow, prefix))
  }

  /**
   * When the last change of any job was made, as its writer's clock had it.
   * @throws Error when a job has not finished
   */
  async lastEndMs(): Promise<number> {
    const { stdout } = await this.run(['ls', '--json', '--fields', 'state,changed'])
    let last = 0
    for (const line of stdout.trim().split('\n')) {
      const { state, changed } = JSON.parse(line) as { state: string; changed: string }
      if (state !== 'JOB_FINISHED') throw new Error(`a job is ${state}`)
      last = Math.max(last, Date.parse(changed))
    }
    return last
  }
}

/** The input of `spawn --from -`. */
export function recordLines(count: number, application: string, workflow = 'default', prefix = 'job'): string {
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ name: `${prefix}${index}`, workflow, application }),
  )
  return `${lines.join('\n')}\n`
}
