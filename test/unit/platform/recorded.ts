/** Environments that real schedulers and MPI launchers have made; see recorded/README. */
import fs from 'node:fs'
import path from 'node:path'

export function readRecorded(name: string): string {
  return fs.readFileSync(path.join(import.meta.dirname, 'recorded', `${name}.txt`), 'utf8')
}

export function recordedEnvironment(name: string): Record<string, string> {
  const lines = readRecorded(name)
    .split('\n')
    .filter((line) => line.includes('='))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}
