/**
 * The worker's program, bundled, and the processes that run it: started again as often as they die.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { loginEnvironment } from '../rig/environment.mjs'
import { mutate } from './mutant.ts'

/**
 * Bundles one of these files (worker.ts), or another by its path from here, into `folder`.
 * @returns the program
 */
export async function bundleWorker(folder: string, name = 'worker'): Promise<string> {
  const outfile = path.join(folder, `${path.basename(name)}.mjs`)
  await build({
    entryPoints: [path.join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    alias: { 'graceful-fs': 'node:fs' },
    logLevel: 'error',
    plugins: [
      {
        name: 'break-on-purpose',
        setup: (build) =>
          build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path: file }) => {
            const contents = mutate(process.env['SURVIVAL_BREAK'], file, fs.readFileSync(file, 'utf8'))
            return contents === undefined ? undefined : { contents, loader: 'ts' }
          }),
      },
    ],
  })
  return outfile
}

/** A process that is started again as often as it dies. */
export class Restarted {
  starts = 0
  readonly errors: string[] = []
  #process: ChildProcess | undefined
  #isOver = false
  readonly #start: () => ChildProcess

  /** @param start with a pipe for standard error */
  constructor(start: () => ChildProcess) {
    this.#start = start
    this.#run()
  }

  #run(): void {
    this.starts += 1
    const child = this.#start()
    this.#process = child
    child.stderr?.on('data', (bytes: Buffer) => this.errors.push(bytes.toString()))
    child.on('exit', () => {
      if (!this.#isOver) this.#run()
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Resolves when it has ended by itself, or by the `signal` that tells it to. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    this.#isOver = true
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    this.signal('SIGCONT')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (signal !== undefined) this.signal(signal)
    await ended
  }
}

/** A process of worker.ts in one of its roles. It is told to end by the file `stop`. */
export class Worker extends Restarted {
  readonly log: string

  constructor(program: string, role: string, site: string, folder: string, name: string, own: NodeJS.ProcessEnv = {}) {
    const log = path.join(folder, name)
    fs.writeFileSync(log, '')
    const env = {
      ...loginEnvironment(),
      BJOB_SITE: site,
      WORKER_ROLE: role,
      WORKER_LOG: log,
      WORKER_STOP: path.join(folder, 'stop'),
      ...own,
    }
    super(() => spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] }))
    this.log = log
  }

  lines(): string[] {
    return fs.readFileSync(this.log, 'utf8').split('\n').slice(0, -1)
  }
}
