/**
 * Launchers on two mounts of a real GlusterFS volume, each with a client process and caches of its
 * own: one is cut off, one hangs.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { JobState } from '../../src/core/life/job-state.ts'
import { parseState } from '../../src/core/life/state-document.ts'
import { findByEnvironment } from '../../src/lib/process/process-table.ts'
import { codeOf } from '../../src/site/disk/disk.ts'
import { needs } from '../rig/needs.ts'
import { until } from '../rig/until.ts'
import { say } from '../survival/tally.ts'
import { rigEnvironment } from './rig-environment.ts'

const RIG = path.join(import.meta.dirname, 'gluster')
const BJOB = path.resolve(import.meta.dirname, '../../bin/bjob.js')
const VOLUME = process.env['GLUSTER_DIR'] ?? '/tmp/bjob-gluster'
const MARK = 'BJOB_TEST_GLUSTER'
const run = promisify(execFile)

describe('on a real GlusterFS, two mounts', needs('Debian', 'root', '/dev/fuse'), () => {
  const env = rigEnvironment()
  /** Outside of the volume: what a job writes there is seen even when its mount is not. */
  let outside = ''
  const launchers: ChildProcess[] = []

  const rig = (...args: string[]): void => void execFileSync(RIG, args, { env, stdio: 'inherit', timeout: 60_000 })
  const at = (mount: number, site: string): string => path.join(VOLUME, `m${mount}`, site)
  const bjob = async (mount: number, site: string, ...args: string[]): Promise<string> =>
    (await run(process.execPath, [BJOB, ...args], { cwd: at(mount, site), env, timeout: 60_000 })).stdout
  /** @returns what it has printed until now */
  const launch = (mount: number, site: string, ...args: string[]): (() => string) => {
    const child = spawn(process.execPath, [BJOB, 'launch', '--persistent', ...args], {
      cwd: at(mount, site),
      env: { ...env, [MARK]: `m${mount}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => (printed += bytes.toString()))
    launchers.push(child)
    return () => printed
  }
  const make = async (site: string, jobs: number, script: string): Promise<void> => {
    await run(process.execPath, [BJOB, 'init', at(1, site)], { env })
    fs.writeFileSync(path.join(at(1, site), 'bjob.yaml'), 'lease_seconds: 6\npoll_seconds: 0.5\n')
    fs.writeFileSync(
      path.join(at(1, site), 'apps', 'job.yaml'),
      `executable: ${JSON.stringify(['sh', '-c', script])}\n`,
    )
    const names = Array.from({ length: jobs }, (_, count) => JSON.stringify({ name: `j${count}`, application: 'job' }))
    fs.writeFileSync(path.join(outside, 'jobs'), names.join('\n'))
    await bjob(1, site, 'spawn', '--from', path.join(outside, 'jobs'))
    // The other mount learns of new folders after its cache's second.
    await until('the other mount to see them', () => fs.readdirSync(at(2, `${site}/jobs/default`)).length === jobs)
  }
  const stateOf = (file: string): JobState => {
    for (;;) {
      try {
        return parseState(fs.readFileSync(file, 'utf8'), file)
      } catch (error) {
        // Replaced by the other mount this very moment.
        if (codeOf(error) !== 'ESTALE') throw error
      }
    }
  }
  const states = (mount: number, site: string): JobState[] =>
    fs
      .readdirSync(at(mount, `${site}/jobs/default`))
      .map((name) => stateOf(path.join(at(mount, `${site}/jobs/default`), name, 'state.yaml')))
  const untilAllFinished = async (mount: number, site: string): Promise<void> => {
    await until('all jobs to be finished', () => states(mount, site).every(({ state }) => state === 'JOB_FINISHED'), {
      within: 90,
    })
  }
  /**
   * Every job ended once, and the tree is whole, once what a death in the middle of a change has
   * left is mended.
   */
  const expectExact = async (mount: number, site: string): Promise<void> => {
    for (const { history } of states(mount, site))
      expect(history.filter(({ state }) => state === 'JOB_FINISHED')).toHaveLength(1)
    await bjob(mount, site, 'fsck', '--repair')
    expect(await bjob(mount, site, 'fsck')).toContain('no damage found')
  }
  /** Lines that jobs have written outside of the volume. */
  const told = (file: string): string[] =>
    fs.existsSync(path.join(outside, file)) ? fs.readFileSync(path.join(outside, file), 'utf8').trim().split('\n') : []

  beforeAll(() => {
    outside = fs.mkdtempSync('/var/tmp/bjob-gluster-')
    rig('up', '2')
  })
  afterEach(async () => {
    for (const launcher of launchers.splice(0)) launcher.kill('SIGTERM')
    await until(
      'the launchers to end',
      () => findByEnvironment(MARK, 'm1').concat(findByEnvironment(MARK, 'm2')).length === 0,
    )
  })
  afterAll(() => {
    rig('down')
    fs.rmSync(outside, { recursive: true, force: true })
  })

  test('two launchers share the work, each job runs once, and a cursor gets each end once', async () => {
    await make(
      'shared',
      40,
      `echo $BJOB_JOB_ID $BJOB_LAUNCHER $BJOB_ATTEMPT >>'${outside}/runs'; sleep 0.2; echo 1 >result.dat`,
    )
    launch(1, 'shared', '--slots', '2')
    launch(2, 'shared', '--slots', '2')
    await untilAllFinished(1, 'shared')
    const runs = told('runs')
    expect(
      runs.filter((line) => runs.some((other) => other !== line && other.split(' ')[0] === line.split(' ')[0])),
    ).toEqual([])
    expect(runs).toHaveLength(40)
    expect(new Set(states(2, 'shared').map(({ launcher }) => launcher)).size).toBe(2)
    const cursor = ['results', '--cursor', path.join(outside, 'cursor')]
    const ends = (await bjob(2, 'shared', ...cursor)).trim().split('\n')
    expect(new Set(ends.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(40)
    expect(ends).toHaveLength(40)
    expect(await bjob(2, 'shared', ...cursor)).toBe('')
    await expectExact(1, 'shared')
  })

  test('a mount is cut off for good: its launcher stops its jobs, the other takes them back after the lease', async () => {
    await make('cut', 3, `sleep 7; echo $BJOB_JOB_ID >>'${outside}/cut-ends'`)
    const second = launch(2, 'cut', '--slots', '2')
    await until('two running jobs', () => states(1, 'cut').filter(({ state }) => state === 'RUNNING').length === 2)
    launch(1, 'cut', '--slots', '4')
    rig('cut', '2')
    try {
      const begun = performance.now()
      await until('the other to start them', () => states(1, 'cut').filter(({ attempt }) => attempt === 2).length === 2)
      say(
        `GLUSTERFS, MOUNT CUT: running elsewhere after ${((performance.now() - begun) / 1000).toFixed(1)} s (lease 6 s)`,
      )
      await untilAllFinished(1, 'cut')
      expect(told('cut-ends').toSorted()).toEqual([...new Set(told('cut-ends'))].toSorted())
      await until('the one that was cut off to say so', () => second().includes('lost its lease'))
      await expectExact(1, 'cut')
    } finally {
      rig('mount', '2')
    }
  })

  test('a mount hangs for longer than the lease: its launcher fences itself first, and nothing ends twice', async () => {
    // Only the second attempt comes to its end.
    await make(
      'hung',
      2,
      `echo $BJOB_JOB_ID >>'${outside}/hung-starts'; sleep 8; echo $BJOB_JOB_ID >>'${outside}/hung-ends'`,
    )
    const sleeper = launch(2, 'hung', '--slots', '2')
    await until('two starts', () => told('hung-starts').length === 2)
    const jobsOfSleeper = (): number => findByEnvironment(MARK, 'm2').filter((pid) => isJob(pid)).length
    launch(1, 'hung', '--slots', '2')
    rig('hang', '2')
    try {
      await until('the jobs of the hung mount to be stopped', () => jobsOfSleeper() === 0, { within: 20 })
      expect(told('hung-starts')).toHaveLength(2)
      await until('the other to start them', () => told('hung-starts').length === 4, { within: 90 })
    } finally {
      rig('resume', '2')
    }
    await untilAllFinished(1, 'hung')
    await until('the late one to say so', () => sleeper().includes('lost its lease'), { within: 30 })
    expect(told('hung-ends').toSorted()).toEqual(['default/j0', 'default/j1'])
    for (const { attempt } of states(1, 'hung')) expect(attempt).toBe(2)
    await expectExact(2, 'hung')
  })
})

/** A job's own process has the job's name in its environment, an agent has not. */
function isJob(pid: number): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').includes('\0BJOB_JOB_ID=')
  } catch {
    return false
  }
}
