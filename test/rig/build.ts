/** Builds what tests start as processes: the command if it is out of date, and `programs/`. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the programs, by name with the ending `.cjs`. */
    programs: string
  }
}

const root = path.resolve(import.meta.dirname, '../..')

export async function setup(project: TestProject): Promise<() => void> {
  execFileSync(process.execPath, [path.join(root, 'bin/build.js'), '--if-changed'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const programs = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-programs-'))
  const folder = path.join(root, 'test', 'rig', 'programs')
  await build({
    entryPoints: fs.readdirSync(folder).map((name) => path.join(folder, name)),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outdir: programs,
    outExtension: { '.js': '.cjs' },
    logLevel: 'warning',
  })
  project.provide('programs', programs)
  return () => fs.rmSync(programs, { recursive: true, force: true })
}
