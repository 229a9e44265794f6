'use strict'
// Keeps what V8 compiles of the bundle for each command, so that the next run need not. It comes with the package, and is made anew after
// an installation under another V8, which cannot use it. Without it a command takes half as long again to start.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { compile, compiledFolder, dist, load, parts } = require('./bjob.js')

/**
 * How each runs for it, one after the other in a site that is thrown away; of those that stay, or need more than a machine, the help.
 * Each has a file of its own: with what other commands use, twice as much would have to be read.
 */
const COMMANDS = [
  [],
  ['--version'],
  ['--help'],
  ['--manual'],
  ['--complete', '1', 'bjob', ''],
  ['init'],
  ['app', 'add', 'none', '--executable', 'true'],
  ['app', 'ls'],
  ['spawn', '--app', 'none', '--name', 'one', '--', 'word'],
  ['ls'],
  ['show', 'one'],
  ['why', 'one'],
  ['history', 'one'],
  ['path', 'one'],
  ['cat', 'one', 'job.yaml'],
  ['watch'],
  ['session'],
  ['launch', '--slots', '1', '--idle-seconds', '0'],
  ['log', 'one'],
  ['wait', 'one'],
  ['results'],
  ['report', '--json'],
  ['clone', 'one', '--as', 'two'],
  ['set', 'two', 'priority=2'],
  ['dep', 'one', 'two'],
  ['submit', '-n', '1', '-t', '10', '--dry-run'],
  ['kill', 'two'],
  ['retry', 'two'],
  ['rm', 'two'],
  ['fsck'],
  ['tune', '--help'],
  ['doctor', '--help'],
  ['completion', 'bash'],
]

/** @throws Error of the first command that fails */
function compileCommands() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-compile-'))
  // Of an allocation that this may run in, it is to know nothing.
  const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] }
  try {
    for (const words of COMMANDS) execFileSync(process.execPath, [__filename, '--run', ...words], options)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function run(words) {
  const folder = compiledFolder(words[0])
  // What was kept for another V8, or for a command's other form, would be kept again.
  fs.rmSync(folder, { recursive: true, force: true })
  process.argv.splice(1, Infinity, path.join(__dirname, 'bjob.js'), ...words)
  process.once('exit', () => {
    fs.mkdirSync(folder, { recursive: true })
    for (const [name, { script }] of parts) fs.writeFileSync(path.join(folder, name), script.createCachedData())
  })
  load('bjob.cjs')
}

/** Where `npm install` has put a package whose commands were compiled by another V8. */
function compileIfRejected() {
  // Of a checkout that is not built yet.
  if (!fs.existsSync(path.join(dist, 'bjob.cjs')) || compile('bjob.cjs').cachedDataRejected === false) return
  try {
    compileCommands()
  } catch (error) {
    // It works all the same.
    process.stderr.write(`bjob starts more slowly than it could: ${error.message}\n`)
  }
}

if (require.main !== module) module.exports = { compileCommands }
else if (process.argv[2] === '--run') run(process.argv.slice(3))
else compileIfRejected()
