/**
 * The origin of an error for `--debug`: its stack and those of its causes, mapped to source files.
 */
import fs from 'node:fs'
import { SourceMap } from 'node:module'
import path from 'node:path'

/** @param packageRoot folder of bjob's package */
export function originOf(error: unknown, packageRoot: string): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by: ${originOf(error.cause, packageRoot)}`
  return `${inSources(error.stack ?? error.message, path.join(packageRoot, 'dist/bjob.cjs'))}${cause}`
}

function inSources(stack: string, bundle: string): string {
  const map = readMap(`${bundle}.map`)
  const [first = '', ...rest] = stack.split(`${bundle}:`)
  const placed = rest.map((text) =>
    text.replace(/^(\d+):(\d+)/, (place, row: string, column: string) => {
      const entry = map?.findEntry(Number(row) - 1, Number(column) - 1)
      if (entry === undefined || !('originalSource' in entry)) return `${bundle}:${place}`
      return `${path.join('dist', entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    }),
  )
  return first + placed.join('')
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(fs.readFileSync(file, 'utf8')))
  } catch {
    // Falls back to positions in the bundle.
    return undefined
  }
}
