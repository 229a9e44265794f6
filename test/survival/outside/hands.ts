/**
 * A site of a user of its own, where this user is root: what may not be read or changed by others
 * means something then.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { JobResult } from '../../../src/client/ends/read-results.ts'
import { loginEnvironment } from '../../rig/environment.mjs'
import { isMet } from '../../rig/needs.ts'
import { Rig } from '../../rig/rig.ts'
import type { Outcome, RunningProcess } from '../../rig/running-process.ts'
import { listTree } from '../../rig/tree.ts'

const BJOB = path.resolve(import.meta.dirname, '../../../bin/bjob.js')
/** Nobody else's. */
const USER = String(55_000 + (process.pid % 1000))
const SETTINGS = 'format: 1\nlease_seconds: 4\ngrace_seconds: 1\ndurability: process\n'

export const endsOf = (reader: RunningProcess): JobResult[] =>
  reader.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JobResult)

export class Hands implements AsyncDisposable {
  readonly rig: Rig
  /** A folder outside of the site in which nothing may change. */
  readonly precious: string
  readonly #before: unknown

  private constructor(rig: Rig) {
    this.rig = rig
    this.precious = path.join(rig.outside, 'precious')
    fs.mkdirSync(path.join(this.precious, 'folder/inside'), { recursive: true })
    fs.writeFileSync(path.join(this.precious, 'thesis'), 'all of it\n')
    fs.writeFileSync(path.join(this.precious, 'folder/job.yaml'), 'application: yes\n')
    fs.chmodSync(path.dirname(rig.site), 0o755)
    this.#before = this.#look()
    this.give(rig.site)
    this.give(rig.outside)
  }

  static async create(): Promise<Hands> {
    const rig = await Rig.create({ mayLeaveScaffolding: true, settings: SETTINGS })
    rig.addApplication('sh', "executable: 'sh -c'\n")
    return new Hands(rig)
  }

  /** Makes all of a folder the user's. */
  give(folder: string): void {
    if (isMet('setpriv, for root')) execFileSync('chown', ['-R', `${USER}:${USER}`, folder])
  }

  /** An action of root or of the test's user. */
  shell(script: string): void {
    execFileSync('sh', ['-e'], { input: script, env: loginEnvironment(), stdio: ['pipe', 'ignore', 'inherit'] })
  }

  start(args: readonly string[], input?: string): RunningProcess {
    const user = isMet('setpriv, for root') ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : []
    return this.rig.startProgram([...user, process.execPath, BJOB, ...args], input === undefined ? {} : { input })
  }

  async run(args: readonly string[], input?: string): Promise<Outcome> {
    return this.start(args, input).ended({ within: 300 })
  }

  async done(args: readonly string[], input?: string): Promise<string> {
    const { status, stdout, stderr } = await this.run(args, input)
    if (status !== 0) throw new Error(`bjob ${args.join(' ')} exited with ${status}: ${stderr}${stdout}`)
    return stdout
  }

  async spawn(lines: Readonly<Record<string, string>>, more: object = {}): Promise<void> {
    const records = Object.entries(lines).map(([id, line]) => {
      const [workflow, name] = id.split('/')
      return JSON.stringify({ workflow, name, application: 'sh', args: [line], ...more })
    })
    await this.done(['spawn', '--from', '-'], records.join('\n'))
  }

  /** A launcher, and a reader with a cursor. */
  async launchAndFollow(): Promise<{ readonly launcher: RunningProcess; readonly reader: RunningProcess }> {
    const launcher = this.start(['launch', '--persistent', '--slots', '4'])
    await launcher.printed(/launcher \S+/)
    const reader = this.follow('cursor')
    await this.spawn({ 'good/first': 'true' })
    await this.goodAreDelivered(reader, ['good/first'])
    return { launcher, reader }
  }

  follow(cursor: string): RunningProcess {
    return this.start(['results', '--follow', '--cursor', path.join(this.rig.outside, cursor)])
  }

  async goodAreDelivered(reader: RunningProcess, ids: readonly string[]): Promise<void> {
    await this.rig.until(
      'their ends to be delivered',
      () => ids.every((id) => endsOf(reader).some((end) => end.id === id)),
      {},
      () => reader.stderr,
    )
  }

  /**
   * Ends both, which have lived until now; no end was delivered twice, and nothing has changed
   * outside of the site.
   */
  async finish(launcher: RunningProcess | undefined, reader: RunningProcess): Promise<void> {
    expect([launcher?.hasExited ?? false, reader.hasExited], `${launcher?.stderr}${reader.stderr}`).toEqual([
      false,
      false,
    ])
    expect((await reader.kill('SIGINT')).signal).toBeNull()
    if (launcher !== undefined) expect((await launcher.kill('SIGTERM')).status).toBeOneOf([0, 3])
    const seen = endsOf(reader).map(({ id, attempt }) => `${id} ${attempt}`)
    expect(seen.filter((one, at) => seen.indexOf(one) !== at)).toEqual([])
    expect(this.changesOutside()).toBeUndefined()
  }

  /**
   * Takes something of the site away, if it is there.
   * @returns what removes what stands there then, and puts it back
   */
  setAside(name: string): () => void {
    const file = path.join(this.rig.site, name)
    const kept = path.join(this.rig.outside, `kept-${path.basename(name)}`)
    // Launchers write meanwhile: a file may vanish under cp, and come under rm.
    this.shell(`rm -rf ${kept}; if [ -e ${file} ]; then cp -a ${file} ${kept} || true; fi`)
    const isImmutable = isMet('chattr, for root') ? `chattr -fR -i ${file} || true` : 'true'
    return () =>
      this.shell(`${isImmutable}; rm -rf ${file} || rm -rf ${file}; if [ -e ${kept} ]; then mv ${kept} ${file}; fi`)
  }

  /** The changes outside the site. */
  changesOutside(): unknown {
    const now = this.#look()
    return JSON.stringify(now) === JSON.stringify(this.#before) ? undefined : now
  }

  #look(): unknown {
    const names = Object.keys(listTree(this.precious)).map((name) => path.join(this.precious, name))
    const facts = [this.precious, ...names].map((file) => {
      const { mode, nlink, size } = fs.lstatSync(file)
      return [file, mode, nlink, size]
    })
    return [listTree(this.precious), facts]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isMet('chattr, for root')) this.shell(`chattr -fR -i ${this.rig.site} ${this.rig.outside} || true`)
    await this.rig[Symbol.asyncDispose]()
  }
}
