/**
 * All that a job has started ends with it, whatever it did to be rid of its parents, and however
 * its launcher ended.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { isProcessAlive, killQuietly } from '../../../src/lib/process/process-table.ts'
import { needs } from '../../rig/needs.ts'
import { Rig } from '../../rig/rig.ts'

/**
 * A rig whose jobs are shell scripts that write the ids of what they start into a file `pids` of
 * their folder.
 */
class Shells implements AsyncDisposable {
  readonly rig: Rig

  private constructor(rig: Rig) {
    this.rig = rig
  }

  static async create(): Promise<Shells> {
    const rig = await Rig.create({ mayLeaveScaffolding: true })
    rig.addApplication('sh', "executable: 'sh -c'\n")
    return new Shells(rig)
  }

  async spawn(name: string, script: string, ...options: string[]): Promise<void> {
    await this.rig.done(['spawn', '--workflow', 'w', '--name', name, '--app', 'sh', ...options, '--', script])
  }

  pids(name: string): number[] {
    const file = path.join(this.rig.folder(`w/${name}`), 'pids')
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : []
  }

  alive(name: string): number[] {
    return this.pids(name).filter(isProcessAlive)
  }

  async started(name: string, count: number): Promise<void> {
    await this.rig.until(`${count} processes of ${name}`, () => this.pids(name).length === count)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const workflow = path.join(this.rig.site, 'jobs/w')
    // The rig cannot find processes with an empty environment.
    for (const name of fs.readdirSync(workflow)) for (const pid of this.alive(name)) killQuietly(pid)
    await this.rig[Symbol.asyncDispose]()
  }
}

const WAIT = 'while [ ! -s pids ]; do sleep 0.05; done'

describe('a daemon ends with its job', needs('/proc'), () => {
  test.each([
    ['of a session of its own', `(setsid sh -c 'sleep 600 & echo $! >pids' &); ${WAIT}`],
    [
      'with an empty environment, another folder and no output',
      `f=$PWD/pids; (setsid env -i sh -c "cd /; echo \\$\\$ >$f; exec sleep 600" >/dev/null 2>&1 &); ${WAIT}`,
    ],
    [
      'that has daemons of its own',
      `(setsid sh -c 'setsid sh -c "echo \\$\\$ >>pids; setsid sleep 600 & echo \\$! >>pids; wait" &
        wait' &); while [ $(cat pids | wc -l) -lt 2 ]; do sleep 0.05; done`,
    ],
    ['that a failing job has left', `(setsid sh -c 'sleep 600 & echo $! >pids' &); ${WAIT}; exit 3`],
  ])('%s', async (_, script) => {
    await using shells = await Shells.create()
    await shells.spawn('a', script)
    await shells.rig.done(['launch', '--idle-seconds', '0.1'])
    expect(shells.rig.history('w/a').at(-1)).toBe(script.endsWith('exit 3') ? 'FAILED' : 'JOB_FINISHED')
    expect(shells.pids('a').length).toBeGreaterThan(0)
    expect(shells.alive('a')).toEqual([])
  })

  test('and no other: one of a job that runs on stays', async () => {
    await using shells = await Shells.create()
    const daemon = `(setsid env -i sh -c 'sleep 600 & echo $! >pids' &); ${WAIT}`
    await shells.spawn('long', `${daemon}; while [ ! -e go ]; do sleep 0.05; done`)
    const launcher = await shells.rig.launch()
    await shells.started('long', 1)
    await shells.spawn('short', daemon)
    await shells.rig.reached('w/short', 'JOB_FINISHED')
    expect([shells.alive('short').length, shells.alive('long').length]).toEqual([0, 1])
    fs.writeFileSync(path.join(shells.rig.folder('w/long'), 'go'), '')
    await shells.rig.reached('w/long', 'JOB_FINISHED')
    expect(shells.alive('long')).toEqual([])
    await launcher.kill('SIGTERM')
  })

  test('and when the job is killed, and when its launcher is asked to end', async () => {
    await using shells = await Shells.create()
    const script = `(setsid env -i sh -c 'sleep 600 & echo $! >pids' &); ${WAIT}; exec sleep 600`
    for (const name of ['a', 'b']) await shells.spawn(name, script)
    const launcher = await shells.rig.launch()
    for (const name of ['a', 'b']) await shells.started(name, 1)
    await shells.rig.done(['kill', 'w/a'])
    await shells.rig.reached('w/a', 'USER_KILLED')
    expect([shells.alive('a').length, shells.alive('b').length]).toEqual([0, 1])
    await launcher.kill('SIGTERM')
    expect(shells.alive('b')).toEqual([])
  })
})

/**
 * The first attempt stays with what it started; every later one tells which of these it has met,
 * and ends.
 */
const stayOnce = (program: string): string =>
  `if [ $BJOB_ATTEMPT = 1 ]; then ${program}; fi
  for pid in $(cat pids); do [ -n "$(cat /proc/$pid/cmdline 2>/dev/null | tr -d '\\0')" ] && echo met $pid; done; true`

test(
  'launcher and agent killed: the next launcher ends what runs, whatever its environment, before the jobs run again',
  needs('/proc'),
  async () => {
    await using shells = await Shells.create()
    const programs: Readonly<Record<string, string>> = {
      empty: "env -i sh -c 'echo $$ >pids; exec sleep 600'",
      session: "env -i setsid -w sh -c 'echo $$ >pids; exec sleep 600'",
      other: 'echo $$ >pids; exec sleep 600',
    }
    for (const [name, program] of Object.entries(programs))
      await shells.spawn(name, stayOnce(program), '--env', 'BJOB_LAUNCHER=x')
    const first = shells.rig.start(['launch', '--persistent', '--slots', '3'])
    for (const name of Object.keys(programs)) await shells.started(name, 1)
    const agents = agentsOf(first.pid)
    // It is not to hear of its launcher's death.
    for (const pid of agents) process.kill(pid, 'SIGSTOP')
    first.signal('SIGKILL')
    await shells.rig.until('the end of the launcher', () => !isProcessAlive(first.pid))
    for (const pid of agents) process.kill(pid, 'SIGKILL')
    for (const name of Object.keys(programs)) expect(shells.alive(name)).toHaveLength(1)
    const { status, stdout } = await shells.rig.bjob(['launch', '--idle-seconds', '0.1', '--slots', '3'])
    expect([status, stdout]).toEqual([0, expect.stringContaining('3 finished')])
    for (const name of Object.keys(programs)) {
      expect(shells.rig.state(`w/${name}`).attempt).toBe(2)
      expect(fs.readFileSync(path.join(shells.rig.folder(`w/${name}`), 'job.out.2'), 'utf8')).toBe('')
    }
  },
)

test(
  'an agent that was suspended with its jobs, and whose launcher was killed, is ended before they run again',
  needs('/proc'),
  async () => {
    await using shells = await Shells.create()
    await shells.spawn('a', stayOnce('echo $$ >pids; exec sleep 600'))
    const first = await shells.rig.launch()
    await shells.started('a', 1)
    const agents = agentsOf(first.pid)
    for (const pid of agents) process.kill(pid, 'SIGSTOP')
    first.signal('SIGKILL')
    await shells.rig.done(['launch', '--idle-seconds', '0.1'])
    expect(shells.rig.state('w/a')).toMatchObject({ state: 'JOB_FINISHED', attempt: 2 })
    expect(fs.readFileSync(path.join(shells.rig.folder('w/a'), 'job.out.2'), 'utf8')).toBe('')
    expect(agents.filter(isProcessAlive)).toEqual([])
  },
)

/** The agents of a launcher: its children. */
function agentsOf(launcher: number): number[] {
  const children = fs.readFileSync(`/proc/${launcher}/task/${launcher}/children`, 'utf8').split(' ').slice(0, -1)
  expect(children.length).toBeGreaterThan(0)
  return children.map(Number)
}
