/** Runs the commands that are measured: whole processes, with a deadline, failing loudly. */
import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { loginEnvironment } from '../rig/environment.mjs'

/** No round takes this long unless something hangs. */
const DEADLINE_MS = 900_000

export interface CommandOptions {
  readonly cwd?: string
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface Finished {
  /** From just before its start until it has exited. */
  readonly ms: number
  readonly stdout: string
}

/** Starts a command with pipes for all three streams. Whoever calls ends it. */
export function startCommand([file = '', ...args]: readonly string[], options: CommandOptions = {}): ChildProcess {
  // A bench that is itself a job, or in an allocation, must not lead its sites astray.
  return spawn(file, args, { cwd: options.cwd, env: { ...loginEnvironment(), ...options.environment }, stdio: 'pipe' })
}

/** @throws Error when the command fails, or hangs */
export async function runToEnd(words: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const begin = performance.now()
  const child = startCommand(words, options)
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => resolve(performance.now() - begin))
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const [stdout, stderr, ms] = await Promise.all([textOf(child.stdout), textOf(child.stderr), exited])
  clearTimeout(deadline)
  if (child.exitCode !== 0)
    throw new Error(`${words.join(' ')}: ${child.exitCode ?? child.signalCode}: ${stderr}${stdout}`)
  return { ms, stdout }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? '' : text(stream)
}

/** Sends TERM and waits until the process has exited. */
export async function endCommand(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await exited
  clearTimeout(deadline)
}

/**
 * Calls `take` with every whole line of a child's standard output, and drops its standard error.
 */
export function readLines(child: ChildProcess, take: (line: string) => void): void {
  let rest = ''
  child.stderr?.resume()
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}
