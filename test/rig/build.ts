/** Builds what tests start as processes: the command if it is out of date, and `programs/`. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { loginEnvironment } from './environment.mjs'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the programs, by name with the ending `.cjs`. */
    programs: string
    /** A site as `bjob init` makes it, to copy. */
    newSite: string
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
  const newSite = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-site-'))
  execFileSync(process.execPath, [path.join(root, 'bin/bjob.js'), 'init', newSite], {
    env: loginEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  project.provide('newSite', newSite)
  return () => {
    for (const folder of [programs, newSite]) fs.rmSync(folder, { recursive: true, force: true })
  }
}
