'use strict'
// Runs every command once, so that its compiled code is kept before the first real run
// (`keep-compiled.js`). Each command has code of its own: that of all takes twice as long to read.
// `npm install` runs this file. It keeps to the syntax of Node.js 4, and always exits with 0.
const childProcess = require('child_process')
const fs = require('fs')
const path = require('path')
const bjob = require('./bjob.js')

/** A file system may hang. */
const LIMIT_MS = 60000

/**
 * Run in this order, in one form or two, in a temporary site. Commands that do not end by
 * themselves, or that need more than this machine, show their help.
 */
const COMMANDS = [
  [['--version']],
  [['--help']],
  [['--manual']],
  [['--complete', '1', 'bjob', '']],
  [['init'], ['init', 'cluster', '--machine', 'slurm']],
  [
    ['app', 'add', 'none', '--executable', 'node --version'],
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
  [['submit', '-n', '1', '-t', '10', '--dry-run']],
  [['kill', 'two']],
  [['retry', 'two']],
  [[]],
  [['rm', 'two']],
  [['fsck']],
  [['tune', '--help']],
  [['doctor', '--help']],
  [['completion', 'bash']],
]

/**
 * Stops at the first failure with a line: without compiled code, commands only start more slowly.
 */
function compileCommands() {
  let folder
  try {
    // The system's temporary folder may be missing, full or read-only.
    folder = fs.mkdtempSync(path.join(bjob.dist, '.compile-'))
    const env = bareEnvironment(folder)
    const options = { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' }
    for (const forms of COMMANDS) {
      childProcess.execFileSync(process.execPath, [__filename, '--run', JSON.stringify(forms)], options)
      if (!isCompiled(forms)) throw new Error(`cannot write into ${bjob.dist}`)
    }
  } catch (error) {
    const why = `${error.stderr || ''}${error.message}`.split('\n')[0]
    process.stderr.write(`bjob will start more slowly than it could: ${why}\n`)
  }
  if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** No scheduler, no allocation, no settings. Node.js itself may need LD_LIBRARY_PATH. */
function bareEnvironment(folder) {
  const tools = path.join(folder, 'tools')
  fs.mkdirSync(tools)
  fs.symlinkSync(process.execPath, path.join(tools, 'node'))
  const env = { PATH: tools, HOME: folder, TMPDIR: folder }
  if (process.env.LD_LIBRARY_PATH !== undefined) env.LD_LIBRARY_PATH = process.env.LD_LIBRARY_PATH
  return env
}

function runForms(forms) {
  const words = forms.shift()
  // The exit status reports a failed command.
  if (words === undefined || (process.exitCode || 0) !== 0) return
  // Names a scheduler, which need not be installed.
  if (words[0] === 'submit') fs.renameSync(path.join('cluster', 'bjob.yaml'), 'bjob.yaml')
  process.argv = [process.argv[0], path.join(__dirname, 'bjob.js')].concat(words)
  process.once('beforeExit', () => runForms(forms))
  const bundle = bjob.parts.get('bjob.cjs')
  if (bundle === undefined) bjob.load('bjob.cjs')
  else bundle.run()
}

function isCompiled(forms) {
  return fs.existsSync(bjob.compiledFile('bjob.cjs', forms[0][0]))
}

function main() {
  const oldNode = bjob.describeOldNode(process.versions.node, process.execPath)
  if (oldNode !== undefined) return bjob.stop(oldNode, 0)
  // Nothing to do in a checkout that is not built yet, or with code for this Node.js at hand.
  if (fs.existsSync(path.join(bjob.dist, 'bjob.cjs')) && !COMMANDS.every(isCompiled)) compileCommands()
}

if (require.main !== module) module.exports = { compileCommands }
else if (process.argv[2] === '--run') runForms(JSON.parse(process.argv[3]))
else main()
