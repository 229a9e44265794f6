/** Runs short system commands without a shell. */
import fs from 'node:fs'
import path from 'node:path'

export interface CommandResult {
  /** -1 if it could not be started or timed out. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandSurroundings {
  /** Standard input. */
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a command. Never rejects: a missing or hanging command is a result too. */
export async function runCommand(
  words: readonly string[],
  timeoutMs: number,
  { input = '', env = process.env }: CommandSurroundings = {},
): Promise<CommandResult> {
  const [file = '', ...args] = words
  // Loaded on demand: it takes a twentieth of Node's start, and few commands need it.
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env, timeout: timeoutMs, killSignal: 'SIGKILL', encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr })
        else
          resolve({
            code: typeof error.code === 'number' ? error.code : -1,
            stdout,
            stderr: stderr === '' ? error.message : stderr,
          })
      },
    )
    child.stdin?.on('error', () => {}).end(input)
  })
}

/** True if a command is on the PATH. */
export function hasCommand(name: string, searchPath?: string): boolean {
  return findCommand(name, searchPath) !== undefined
}

/** The path of a command on the PATH, if found. */
export function findCommand(name: string, searchPath = process.env['PATH'] ?? ''): string | undefined {
  return searchPath
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        fs.accessSync(file, fs.constants.X_OK)
        return fs.statSync(file).isFile()
      } catch {
        return false
      }
    })
}
