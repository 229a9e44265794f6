/**
 * `bjob launch` in an allocation: Slurm's environment of four nodes that are all this machine, and
 * a stand-in for srun.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readAllowedCpus } from '../../src/lib/process/cpu-list.ts'
import { Rig } from '../rig/rig.ts'
import { SlurmStandIn } from '../rig/slurm-stand-in.ts'
import { recordedEnvironment } from '../unit/platform/recorded.ts'

/**
 * Passes over its options, and runs the rest here; like the real one it has a helper, and this one
 * outlives it and holds its pipes.
 */
const SRUN = `#!/bin/sh
while case $1 in -*) ;; *) false ;; esac; do shift; done
tail --follow --pid=$PPID /dev/null &
exec "$@"
`

function allocationOf(rig: Rig, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const bin = path.join(rig.outside, 'bin')
  fs.mkdirSync(bin, { recursive: true })
  fs.writeFileSync(path.join(bin, 'srun'), SRUN, { mode: 0o755 })
  // The machine's own would look for the recorded cluster's controller for 20 s each.
  for (const name of ['squeue', 'sinfo', 'scontrol'])
    fs.writeFileSync(path.join(bin, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  return {
    PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`,
    SLURM_JOB_ID: '7',
    SLURM_JOB_NODELIST: 'n[1-4]',
    SLURM_JOB_CPUS_PER_NODE: '2(x4)',
    SLURM_JOB_END_TIME: String(Math.floor(Date.now() / 1000) + 3600),
    SLURMD_NODENAME: 'n1',
    ...more,
  }
}

function nodesOf(rig: Rig, ids: readonly string[]): string[] {
  const claims = ids.flatMap((id) =>
    rig.state(id).history.map(({ event }) => (event?.kind === 'claimed' ? event.nodes : '')),
  )
  return [...new Set(claims.filter((nodes) => nodes !== ''))].sort()
}

function environmentOf(pid: number): Map<string, string> {
  const entries = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]))
}

describe.concurrent('bjob launch in an allocation', () => {
  test('two launchers share one: each runs jobs on its own nodes only', async () => {
    await using rig = await Rig.create()
    const env = allocationOf(rig)
    const spawn = async (workflow: string) => {
      const lines = Array.from({ length: 8 }, (_, n) =>
        JSON.stringify({ name: `j${n}`, workflow, application: 'controlled' }),
      )
      await rig.done(['spawn', '--from', '-'], { input: `${lines.join('\n')}\n` })
      return lines.map((_, n) => `${workflow}/j${n}`)
    }
    const [one, other] = [await spawn('one'), await spawn('other')]
    const launch = (...options: string[]) => rig.start(['launch', '--idle-seconds', '0.5', ...options], { env })
    const launchers = [
      launch('--workflow', 'one', '--node-limit', '3'),
      launch('--workflow', 'other', '--node-offset', '3'),
    ]
    // Six cores on the first three nodes, two on the last: all of them are taken before any job
    // ends.
    await rig.jobs.starts(8)
    // A driver that runs as a job derives its number of evaluations from this.
    const nodeCounts = rig.jobs.running.map(({ id, pid }) => [id[2], environmentOf(pid).get('BJOB_LAUNCHER_NODES')])
    expect(new Set(nodeCounts.map(String))).toEqual(new Set(['e,3', 'h,1']))
    await rig.until('every job to finish', () => {
      for (const job of rig.jobs.running) job.exit(0)
      return [...one, ...other].every((id) => rig.state(id).state === 'JOB_FINISHED')
    })
    expect((await Promise.all(launchers.map((launcher) => launcher.ended()))).map(({ status }) => status)).toEqual([
      0, 0,
    ])
    expect(nodesOf(rig, one)).toEqual(['n1', 'n2', 'n3'])
    expect(nodesOf(rig, other)).toEqual(['n4'])
    const { status, stderr } = await rig.bjob(['launch', '--node-offset', '4'], { env })
    expect(stderr).toContain('no node left: the allocation has 4 nodes, and --node-offset skips 4')
    expect(status).toBe(2)
  })

  test('of a job of several ranks, the CPU time that is seen is a part', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'ranks', '--ranks-per-node', '2'])
    await rig.done(['launch', '--idle-seconds', '0.5', '--node-limit', '1'], { env: allocationOf(rig) })
    const [, , ran] = rig.state('default/ranks').history
    expect(ran).toMatchObject({ state: 'RUN_DONE', message: expect.stringMatching(/, cpu at least \d/) as unknown })
  })

  test.each([
    ['CUDA_VISIBLE_DEVICES', 'GPU-aa', 'GPU-bb'],
    ['ZE_AFFINITY_MASK', '0.0', '0.1'],
  ])('GPUs are given out by %s, and never twice', async (variable, first, second) => {
    await using rig = await Rig.create()
    const env = allocationOf(rig, {
      SLURM_JOB_NODELIST: 'n1',
      SLURM_JOB_CPUS_PER_NODE: '8',
      SLURM_GPUS_ON_NODE: '2',
      [variable]: `${first},${second}`,
    })
    for (const name of ['a', 'b', 'c'])
      await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', name, '--gpus-per-rank', '1'])
    const launcher = rig.start(['launch', '--idle-seconds', '0.5'], { env })
    const given = (pid: number) => environmentOf(pid).get(variable)
    const started = await rig.jobs.starts(2)
    const masks = started.map(({ pid }) => given(pid))
    expect(masks.toSorted()).toEqual([first, second].toSorted())
    // There are cores enough for the third one, and no GPU until one is given back.
    started[0]?.exit(0)
    const [, , third] = await rig.jobs.starts(3)
    expect(given(third?.pid ?? 0)).toBe(masks[0])
    for (const job of rig.jobs.running) job.exit(0)
    expect((await launcher.ended()).stdout).toContain('3 finished')
  })

  test('a job finds the batch job, and nothing of the step and rank that its launcher is', async () => {
    await using rig = await Rig.create()
    const env = allocationOf(rig, {
      ...recordedEnvironment('slurm-step-pmix'),
      BJOB_HOOK: 'preprocess',
      BJOB_JOB_ID: 'a/b',
    })
    await rig.done(['spawn', '--app', 'controlled', '--name', 'a'])
    const launcher = rig.start(['launch', '--idle-seconds', '0.5'], { env })
    const job = await rig.jobs.start('default/a')
    const names = [...environmentOf(job.pid).entries()]
    expect(names.filter(([name]) => /^(PMI|SLURM_(STEP|PMI|PROCID|NTASKS|LOCALID)|BJOB_HOOK)/.test(name))).toEqual([])
    expect(Object.fromEntries(names)).toMatchObject({
      SLURM_JOB_ID: '2',
      BJOB_JOB_ID: 'default/a',
      SLURM_MPI_TYPE: 'pmix',
    })
    job.exit(0)
    await launcher.ended()
  })

  test('a step has its own part of the allocation', async () => {
    await using rig = await Rig.create()
    const step = recordedEnvironment('slurm-step-one-core')
    const launch = async (env: NodeJS.ProcessEnv) =>
      (
        await rig.done(['launch', '--idle-seconds', '0'], {
          env: allocationOf(rig, { ...env, SLURM_JOB_END_TIME: undefined }),
        })
      ).split('\n')[0]
    expect(await launch(step)).toMatch(/ on node1, 1 core, slurm job 2$/)
    expect(await launch(recordedEnvironment('slurm-step-pmi2'))).toMatch(/ on node1, 2 cores, slurm job 2$/)
    expect(await launch(recordedEnvironment('slurm-batch'))).toMatch(/ on 3 nodes, 12 cores, slurm job 2$/)
  })

  test.each(['auto', 'slurm'])(
    'outside of one, beside a batch scheduler, it takes two slots and names `bjob submit` (scheduler: %s)',
    async (name) => {
      await using rig = await Rig.create({
        settings: `lease_seconds: 3\ngrace_seconds: 2\ndurability: process\nscheduler: ${name}\nnode:\n  cores: 5\n`,
      })
      const { env } = new SlurmStandIn(rig.outside)
      for (const n of [1, 2, 3]) await rig.done(['spawn', '--app', 'controlled', '--name', `j${n}`])
      const launcher = rig.start(['launch', '--idle-seconds', '0.5'], { env })
      const first = await rig.jobs.starts(2)
      expect(launcher.stdout).toMatch(
        /, 2 slots, because this is a submit host of slurm: use `bjob submit` .*--slots N/,
      )
      first[0]?.exit(0)
      await rig.jobs.starts(3)
      for (const job of rig.jobs.running) job.exit(0)
      expect((await launcher.ended()).stdout).toContain('3 finished')
      expect(await rig.done(['launch', '--slots', '3', '--idle-seconds', '0'], { env })).toMatch(/, 3 slots\n/)
      // With none to submit to, all cores are meant.
      fs.writeFileSync(
        path.join(rig.site, 'bjob.yaml'),
        fs.readFileSync(path.join(rig.site, 'bjob.yaml'), 'utf8').replace(/scheduler: .*/, 'scheduler: none'),
      )
      expect(await rig.done(['launch', '--idle-seconds', '0'], { env })).toMatch(/, 5 cores\n/)
    },
  )

  test('with cpu_affinity depth, jobs of one rank are bound to cores of their own', async () => {
    await using rig = await Rig.create()
    const allowed = readAllowedCpus()
    const count = Math.min(allowed.length, os.availableParallelism())
    for (let n = 0; n < count; n++)
      await rig.done(['spawn', '--app', 'controlled', '--name', `j${n}`, '--cpu-affinity', 'depth'])
    const launcher = rig.start(['launch', '--slots', String(count), '--idle-seconds', '0.5'])
    const started = await rig.jobs.starts(count)
    const bound = started.map(({ pid }) => readAllowedCpus(`/proc/${pid}/status`))
    expect(bound.flat().sort((a, b) => a - b)).toEqual(allowed.slice(0, count))
    for (const cpus of bound) expect(cpus).toHaveLength(1)
    for (const job of started) job.exit(0)
    expect((await launcher.ended()).stdout).toContain(`${count} finished`)
  })
})
