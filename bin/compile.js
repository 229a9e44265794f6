'use strict'
// Keeps what V8 compiles of the bundle for each command, so that the next run need not. It comes with the package, and is made anew after
// an installation under another V8, which cannot use it. Without it a command takes half as long again to start.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { compile, compiledFile, dist, load, parts } = require('./bjob.js')

/**
 * How each runs for it, in one form or two, one command after the other in a site that is thrown away; of those that stay, or need more than
 * a machine, the help. Each has a file of its own: with what other commands use, twice as much would have to be read.
 */
const COMMANDS = [
  [['--version']],
  [['--help']],
  [['--manual']],
  [['--complete', '1', 'bjob', '']],
  [['init'], ['init', 'other', '--machine', 'slurm']],
  [
    ['app', 'add', 'none', '--executable', 'true'],
    ['app', 'ls'],
  ],
  [['spawn', '--app', 'none', '--name', 'one', '--', 'word']],
  [['show', 'one']],
  [['why', 'one']],
  [['path', 'one']],
  [['cat', 'one', 'job.yaml']],
  [['session']],
  [['launch', '--slots', '1', '--idle-seconds', '0']],
  [['ls'], ['ls', 'launchers']],
  [['history', 'one']],
  [['watch']],
  [['log', 'one']],
  [['wait', 'one']],
  [['results']],
  [['report', '--json']],
  [['clone', 'one', '--as', 'two']],
  [['set', 'two', 'priority=2']],
  [['dep', 'one', 'two']],
  [['submit', '--help']],
  [['kill', 'two']],
  [['retry', 'two']],
  [[]],
  [['rm', 'two']],
  [['fsck']],
  [['tune', '--help']],
  [['doctor', '--help']],
  [['completion', 'bash']],
]

/** @throws Error of the first command that fails */
function compileCommands() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-compile-'))
  // Of an allocation that this may run in, it is to know nothing; a Node.js of a module may need to be told where its libraries are.
  const { PATH, LD_LIBRARY_PATH } = process.env
  const options = { cwd: folder, env: { PATH, LD_LIBRARY_PATH, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] }
  try {
    for (const forms of COMMANDS) execFileSync(process.execPath, [__filename, '--run', JSON.stringify(forms)], options)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function run(forms) {
  process.once('exit', () => {
    for (const [name, { script }] of parts) {
      const file = compiledFile(name)
      fs.mkdirSync(path.dirname(file), { recursive: true })
      fs.writeFileSync(file, script.createCachedData())
    }
  })
  const next = () => {
    const words = forms.shift()
    // Whoever waits for this process hears that one has failed.
    if (words === undefined || (process.exitCode ?? 0) !== 0) return
    process.argv.splice(1, Infinity, path.join(__dirname, 'bjob.js'), ...words)
    process.once('beforeExit', next)
    if (parts.has('bjob.cjs')) parts.get('bjob.cjs').run()
    else load('bjob.cjs')
  }
  next()
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
else if (process.argv[2] === '--run') run(JSON.parse(process.argv[3]))
else compileIfRejected()
