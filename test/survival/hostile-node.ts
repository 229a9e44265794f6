/**
 * Loaded into a launcher before bjob itself (`node --import`): a node whose wall clock is wrong and
 * jumps, and whose file system goes away and comes back. What holds now stands in the files
 * HOSTILE.clock (milliseconds ahead) and HOSTILE.cut (it is there: every call on the site fails).
 * HOSTILE_STOP, as `renameSync lease.yaml 3 before`, suspends the process at the third such call on
 * a path that holds the word.
 */
import fs from 'node:fs'

const control = process.env['HOSTILE'] ?? ''
const site = process.env['BJOB_SITE'] ?? ''
const [stopCall = '', stopWord = '', stopCount = '', stopWhen = ''] = (process.env['HOSTILE_STOP'] ?? '').split(' ')
// Not for the agents and jobs.
delete process.env['HOSTILE']
delete process.env['HOSTILE_STOP']
let stopIn = Number(stopCount)

const { existsSync, readFileSync } = fs
const RealDate = Date
const LOOK_MS = 10

let lookedMs = -Infinity
let aheadMs = 0
let isCut = false
function look(): void {
  if (performance.now() - lookedMs < LOOK_MS) return
  lookedMs = performance.now()
  isCut = existsSync(`${control}.cut`)
  const text = existsSync(`${control}.clock`) ? readFileSync(`${control}.clock`, 'utf8') : '0'
  aheadMs = Number(text) || 0
}

const now = (): number => {
  look()
  return RealDate.now() + aheadMs
}
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[]) => Reflect.construct(target, args.length === 0 ? [now()] : args) as object,
  get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
})

const files = fs as unknown as Record<string, (...args: unknown[]) => unknown>
const CALLS =
  'mkdirSync rmdirSync renameSync unlinkSync rmSync symlinkSync readlinkSync readFileSync openSync ' +
  'readdirSync lstatSync statSync statfsSync writeSync fsyncSync fdatasyncSync utimesSync'
for (const name of CALLS.split(' ')) {
  const real = files[name]
  if (real === undefined) throw new Error(`there is no fs.${name}`)
  files[name] = (...args) => {
    look()
    // Standard output and error do not count as file systems; every other open file here is one of
    // the site.
    const isOfSite =
      typeof args[0] === 'number' ? args[0] > 2 : args.some((arg) => typeof arg === 'string' && arg.startsWith(site))
    if (isCut && isOfSite)
      throw Object.assign(new Error(`ENOTCONN: injected, ${name}`), {
        code: 'ENOTCONN',
        errno: -107,
        path: String(args[0]),
      })
    if (name !== stopCall || !args.some((arg) => String(arg).includes(stopWord)) || --stopIn !== 0)
      return real.apply(fs, args)
    if (stopWhen === 'before') process.kill(process.pid, 'SIGSTOP')
    const result = real.apply(fs, args)
    if (stopWhen === 'after') process.kill(process.pid, 'SIGSTOP')
    return result
  }
}
