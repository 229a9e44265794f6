import { spawn } from 'node:child_process'
import { once } from 'node:events'
import own from 'node:process'
import { describe, expect, test } from 'vitest'
import { OomAccounts } from '../../../src/launch/agent/oom-watch.ts'
import { candidates, parseOomKills } from '../../../src/lib/process/oom-counter.ts'
import { groupByLeader, listProcesses, parseStat, parseStatus } from '../../../src/lib/process/process-usage.ts'
import { saysOutOfMemory } from '../../../src/platform/mpi/srun.ts'
import { needs } from '../../rig/needs.ts'
import { until } from '../../rig/until.ts'

const process = (pid: number, parent: number, session: number): ReturnType<typeof parseStat> => ({
  pid,
  parent,
  session,
  isOver: false,
  cpuSeconds: 0,
})

test('a line of /proc/PID/stat, of a command with blanks and brackets in its name', () => {
  const line = '42 (a) b (c)) S 7 42 40 0 -1 4194304 1 2 3 4 100 20 3 1 20 0 1 0 99 1000 5'
  expect(parseStat(line)).toEqual({ pid: 42, parent: 7, session: 40, isOver: false, cpuSeconds: 1.24 })
})

test('a text of /proc/PID/status, as a process in a container has it', () => {
  const text =
    'Name:\ta b\nUmask:\t0022\nState:\tZ (zombie)\nTgid:\t42\nPid:\t42\nPPid:\t7\nNSpid:\t42\t3\nNSsid:\t40\t1\n'
  expect(parseStatus(text)).toEqual({ pid: 42, parent: 7, session: 40, isOver: true, cpuSeconds: 0 })
})

/** A shell may wait for its child before exec; sleep never does. */
const CHILD_OF_SLEEP = 'until grep -q sleep /proc/$$/comm; do :; done & echo $!; exec sleep 600'

describe('the processes of this node', needs('/proc'), () => {
  test('include this one, and its zombies', async () => {
    const zombie = spawn('/bin/sh', ['-c', CHILD_OF_SLEEP], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(zombie.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    const found = (wanted: number): ReturnType<typeof parseStat> | undefined =>
      listProcesses().find((one) => one.pid === wanted)
    await until('the child to be a zombie', () => found(pid)?.isOver === true)
    expect(found(pid)).toMatchObject({ parent: zombie.pid, session: found(own.pid)?.session })
    expect(found(own.pid)).toMatchObject({ parent: own.ppid, isOver: false })
    expect(found(own.pid)?.cpuSeconds).toBeGreaterThan(0)
    zombie.kill('SIGKILL')
    await once(zombie, 'exit')
  })
})

test('processes belong to the job that they descend from, or whose session they are in', () => {
  const groups = groupByLeader(
    [
      process(1, 0, 1),
      process(10, 1, 10),
      process(11, 10, 10),
      // It made a session of its own.
      process(12, 11, 12),
      // Its parent is gone.
      process(13, 1, 10),
      process(20, 1, 20),
      process(21, 20, 20),
      // Listed while it changed hands: parents in a circle.
      process(30, 31, 30),
      process(31, 30, 30),
    ],
    new Set([10, 20]),
  )
  const pids = [...groups].map(([leader, group]) => [leader, group.map(({ pid }) => pid)])
  expect(pids).toEqual([
    [10, [10, 11, 12, 13]],
    [20, [20, 21]],
  ])
})

describe('kills for want of memory', () => {
  test.each([
    ['low 0\nhigh 3\nmax 5\noom 2\noom_kill 1\noom_group_kill 0\n', 1],
    ['oom_kill_disable 0\nunder_oom 0\noom_kill 12\n', 12],
    ['oom_kill_disable 0\nunder_oom 0\n', undefined],
  ])('are counted by the kernel: %j', (text, count) => expect(parseOomKills(text)).toBe(count))

  test('each explains one failure, whichever agent of the node tells of it', () => {
    const accounts = new OomAccounts()
    expect(accounts.explain('n1', { now: 7, before: 7 })).toBe(false)
    expect(accounts.explain('n1', { now: 9, before: 7 })).toBe(true)
    expect(accounts.explain('n1', { now: 9, before: 7 })).toBe(true)
    expect(accounts.explain('n1', { now: 9, before: 7 })).toBe(false)
    expect(accounts.explain('n2', { now: 9, before: 8 })).toBe(true)
    // Long ago, and of no job that failed.
    expect(accounts.explain('n1', { now: 12, before: 12 })).toBe(false)
  })

  test('the counter is looked for in both hierarchies', () => {
    expect(candidates('0::/a/b\n')).toContain('/sys/fs/cgroup/a/b/memory.events')
    expect(candidates('9:name=systemd:/\n4:memory,x:/c\n0::/\n')).toContain(
      '/sys/fs/cgroup/memory/c/memory.oom_control',
    )
  })

  test.each([
    [
      'x\nslurmstepd: error: Detected 1 oom_kill event in StepId=12.0. Some of the step tasks have been OOM Killed.\n',
      true,
    ],
    ['slurmstepd: error: Detected 2 oom-kill event(s) in StepId=12.batch.\n', true],
    ['srun: error: node01: task 0: Out Of Memory\nsrun: launch/slurm: …', true],
    ['RuntimeError: CUDA error: Out Of Memory\n', false],
  ])('are told by Slurm: %j', (text, isTold) => expect(saysOutOfMemory(text)).toBe(isTold))
})
