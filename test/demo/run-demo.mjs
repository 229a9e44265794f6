/**
 * `npm run demo`: a whole hyperparameter search on this machine, with a new site, a launcher and a
 * driver in separate processes.
 *
 *     npm run demo [-- [--evals N] [SITE]]        SITE: go on with the site of an earlier demo
 *
 * The launcher and the driver may be killed: they are started again, and the search continues.
 */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { loginEnvironment } from '../rig/environment.mjs'

const { values: given, positionals } = parseArgs({
  options: { evals: { type: 'string', default: '40' } },
  allowPositionals: true,
})
const evals = Number(given.evals)
if (!(evals >= 1)) throw new Error('--evals takes a number from 1')
const packageRoot = path.resolve(import.meta.dirname, '../..')
const bjob = path.join(packageRoot, 'bin/bjob.js')
const isTerminal = process.stdout.isTTY

const SLOTS = 4
// A launcher that is left alone, because this process was killed, ends by itself.
const IDLE_SECONDS = 20
// Somebody who kills a process by hand may do so a few times; one that keeps dying is broken.
const MAX_STARTS = 10
const BAR_WIDTH = 30

buildIfNeeded()
const root = positionals[0] === undefined ? makeSite() : path.resolve(positionals[0])
const { openSite } = await import('bjob')
const site = await openSite(root)

say(`site      ${root}`)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort(signal))
const launcher = keepRunning('launcher', [bjob, 'launch', '--slots', `${SLOTS}`, '--idle-seconds', `${IDLE_SECONDS}`])
const driver = keepRunning('driver', ['driver.mjs', '--evals', `${evals}`])
say(`these two write launcher.log and driver.log in the site; kill -9 either of them, if you like\n`)

const started = performance.now()
const ends = []
const following = new AbortController()
const progress = followProgress(following.signal)
const ended = await Promise.race([driver.over, launcher.over, aborted(stop.signal)])
// The driver may be a moment ahead of the output here.
if (ended.what === 'driver' && ended.code === 0) while (ends.length < evals) await delay(20)
following.abort()
await progress
driver.stop('SIGTERM')
launcher.stop('SIGTERM')
await Promise.all([driver.over, launcher.over])
await site.close()
if (isTerminal) process.stdout.write('\n')
if (ended.what === 'driver' && ended.code === 0) showBest()
else showStop(ended)

function buildIfNeeded() {
  const results = ['dist/bjob.cjs', 'dist/agent.cjs', 'dist/lib/index.js'].map((file) => path.join(packageRoot, file))
  const built = Math.min(...results.map((file) => (fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0)))
  const sources = fs.readdirSync(path.join(packageRoot, 'src'), { recursive: true, withFileTypes: true })
  const changed = sources.map((entry) => fs.statSync(path.join(entry.parentPath, entry.name)).mtimeMs)
  if (Math.max(...changed) < built) return
  say('building bjob')
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: packageRoot, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

function makeSite() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-demo-'))
  const { status, stderr } = spawnSync(process.execPath, [bjob, 'init', folder, '--template', 'hps'], {
    encoding: 'utf8',
    env: loginEnvironment(),
  })
  if (status !== 0) {
    process.stderr.write(stderr)
    process.exit(1)
  }
  // Does the work of `npm install bjob` in the site, without a network.
  fs.mkdirSync(path.join(folder, 'node_modules/.bin'), { recursive: true })
  fs.symlinkSync(packageRoot, path.join(folder, 'node_modules/bjob'), 'dir')
  fs.symlinkSync('../bjob/bin/bjob.js', path.join(folder, 'node_modules/.bin/bjob'))
  return folder
}

/**
 * Starts a process of its own in the site, and again whenever a signal ended it that was not ours.
 */
function keepRunning(what, args) {
  const log = fs.openSync(path.join(root, `${what}.log`), 'a')
  let child
  let isStopping = false
  const over = new Promise((resolve) => {
    const start = (count) => {
      // A session of its own: Ctrl-C is for this process, which then asks the others to end.
      child = spawn(process.execPath, args, {
        cwd: root,
        env: loginEnvironment(),
        stdio: ['ignore', log, log],
        detached: true,
      })
      say(`${what.padEnd(9)} ${count === 1 ? 'is' : 'was killed; started again as'} process ${child.pid}`)
      child.once('exit', (code, signal) => {
        if (signal !== null && !isStopping && count < MAX_STARTS) start(count + 1)
        else resolve({ what, code, signal })
      })
    }
    start(1)
  })
  const stop = (signal) => {
    isStopping = true
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  }
  return { over, stop }
}

/**
 * Shows each end as it happens: a bar on a terminal, elsewhere a line whenever there is a new best
 * one, or a tenth is done.
 */
async function followProgress(signal) {
  let best
  for await (const end of site.results({ follow: true, signal, filter: { workflow: ['dl-hps'] } })) {
    ends.push(end)
    const isBetter = end.state === 'JOB_FINISHED' && !(end.result.loss >= best?.result.loss)
    if (isBetter) best = end
    const shown = best === undefined ? 'none yet' : `${best.result.loss.toFixed(4)} (${best.id})`
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    const text = `${ends.length}/${evals}  best loss ${shown}  ${seconds} s`
    if (isTerminal) {
      const filled = Math.round((BAR_WIDTH * Math.min(ends.length, evals)) / evals)
      process.stdout.write(`\r\u001B[K${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${text}`)
    } else if (isBetter || ends.length % Math.ceil(evals / 10) === 0) say(text)
  }
}

function showBest() {
  const [best] = ends
    .filter(({ state }) => state === 'JOB_FINISHED')
    .sort((one, other) => one.result.loss - other.result.loss)
  if (best === undefined) {
    say('No evaluation gave a value; the output of each is shown by `bjob log ID`.')
    process.exitCode = 1
    return
  }
  const { x } = JSON.parse(fs.readFileSync(path.join(best.dir, `${path.basename(best.id)}.dat`), 'utf8'))
  const point = Object.entries(x).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? +value.toPrecision(3) : value}`,
  )
  say(`
best      ${point.join(', ')}
          loss ${best.result.loss.toFixed(4)}, accuracy ${best.result.accuracy.toFixed(3)} on irises that the network had not seen
folder    ${best.dir}

To look around:
  cd ${root}
  node_modules/.bin/bjob ls --sort -changed --limit 10
  node_modules/.bin/bjob show ${best.id}
  cat jobs/${best.id}/state.yaml`)
}

function showStop({ what, code, signal }) {
  process.exitCode = what === 'signal' ? 128 + os.constants.signals[signal] : 1
  if (what !== 'signal') {
    say(`The ${what} ended too early (${signal ?? `exit status ${code}`}). The end of ${what}.log:`)
    say(
      fs
        .readFileSync(path.join(root, `${what}.log`), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(-10)
        .join('\n'),
    )
  }
  say(`Stopped. All that was done is kept. To go on:\n  npm run demo -- ${root}`)
}

function aborted(signal) {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ what: 'signal', signal: signal.reason }), { once: true })
  })
}

function delay(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

function say(line) {
  process.stdout.write(`${isTerminal ? '\r\u001B[K' : ''}${line}\n`)
}
