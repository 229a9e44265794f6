'use strict'
// A step of the build: runs `bjob spawn` once on a site that is thrown away, and keeps what V8 compiled for it beside the bundle.
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const executable = path.join(__dirname, 'bjob.js')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-build-'))

function run(args, environment) {
  const { status, stderr } = spawnSync(process.execPath, [executable, ...args], {
    cwd: folder,
    env: { ...process.env, BJOB_SITE: '', BJOB_JOB_ID: '', ...environment },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`bjob ${args.join(' ')}: ${stderr}`)
}

try {
  fs.rmSync(path.join(__dirname, '..', 'dist', 'bjob.cjs.cache'), { force: true })
  run(['init'], {})
  run(['app', 'add', 'none', '--executable', 'true'], {})
  run(['spawn', '--app', 'none', '--name', 'one', '--', 'word'], { BJOB_WRITE_CACHE: '1' })
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
