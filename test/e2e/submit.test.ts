/**
 * `bjob submit`, once and again and again, with stand-ins for Slurm's commands; test/cluster has
 * the real ones.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'
import type { RunningProcess } from '../rig/running-process.ts'
import { SlurmStandIn } from '../rig/slurm-stand-in.ts'
import { recordedEnvironment } from '../unit/platform/recorded.ts'

class SubmitRig {
  readonly rig: Rig
  readonly slurm: SlurmStandIn

  private constructor(rig: Rig) {
    this.rig = rig
    this.slurm = new SlurmStandIn(rig.outside)
  }

  static async create(): Promise<SubmitRig> {
    return new SubmitRig(await Rig.create({ mayLeaveScaffolding: true }))
  }

  async spawn(name: string, ...options: readonly string[]): Promise<void> {
    const fields = ['--workflow', 'w', '--name', name]
    await this.rig.done(['spawn', '--app', 'controlled', ...fields, ...options])
  }

  submit(...options: readonly string[]) {
    return this.rig.bjob(['submit', '-n', '1', '-t', '5', ...options], { env: this.slurm.env })
  }

  keep(count: number, ...options: readonly string[]): RunningProcess {
    const words = ['submit', '-n', '1', '-t', '5', '--idle-seconds', '1', '--keep', String(count), '--every', '0.2']
    return this.rig.start([...words, ...options], { env: this.slurm.env })
  }

  /** The submissions in `bjob ls launchers`. */
  async listed(): Promise<string[]> {
    const text = await this.rig.done(['ls', 'launchers'], { env: this.slurm.env })
    return text.split('\n').filter((line) => line.startsWith('slurm job'))
  }

  async untilSubmitted(count: number): Promise<void> {
    await this.rig.until(`${count} submissions`, () => this.slurm.submitted.length === count)
  }

  async untilForgotten(): Promise<void> {
    await this.rig.until('the allocations to end', async () =>
      (await this.listed()).every((line) => !/running|queued/.test(line)),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]()
  }
}

describe.concurrent('bjob submit', () => {
  test('an allocation runs the jobs; ls launchers tells the scheduler`s own state, and what it cannot know', async () => {
    await using here = await SubmitRig.create()
    await here.spawn('a')
    const { stdout } = await here.submit('--idle-seconds', '1')
    expect(stdout).toBe('slurm job 101\n')
    const job = await here.rig.jobs.start('w/a')
    expect((await here.listed())[0]).toMatch(/^slurm job 101 +1 node .*running \(RUNNING\)/)
    here.slurm.set('down', '')
    expect((await here.listed())[0]).toContain('slurm is not reachable now')
    here.slurm.set('down', undefined)
    job.exit(0)
    await here.rig.reached('w/a', 'JOB_FINISHED')
    await here.untilForgotten()
    expect((await here.listed())[0]).toContain('no longer listed by slurm')
  })

  test('a surrounding batch job, step or job of bjob leaves nothing in the new allocation', async () => {
    await using here = await SubmitRig.create()
    const found = path.join(here.rig.outside, 'found')
    here.rig.addApplication('tells', `executable: [sh, -c, "env >${found}"]\n`)
    await here.rig.done(['spawn', '--app', 'tells', '--workflow', 'w', '--name', 'a'])
    const around = {
      ...recordedEnvironment('slurm-step-pmix'),
      SLURM_TRES_PER_TASK: 'cpu:1',
      SLURM_CPU_BIND: 'quiet,mask_cpu:0x1',
      SLURM_GPUS_ON_NODE: '4',
      SBATCH_PARTITION: 'long',
      BJOB_JOB_ID: 'w/other',
      BJOB_HOOK: 'postprocess',
      BJOB_SITE: here.rig.site,
    }
    await here.rig.done(['submit', '-n', '1', '-t', '5', '--idle-seconds', '1'], {
      env: { ...around, ...here.slurm.env },
    })
    await here.rig.reached('w/a', 'JOB_FINISHED')
    await here.untilForgotten()
    const names = new Map(
      fs
        .readFileSync(found, 'utf8')
        .split('\n')
        .map((line) => [line.split('=')[0] ?? '', line]),
    )
    const left = [...names.keys()].filter((name) => /^(SLURM|SBATCH|PMI|BJOB_HOOK)/.test(name)).sort()
    // Those of the new allocation, as the stand-in sets them, and what configures Slurm's commands.
    expect(left).toEqual([
      'SLURMD_NODENAME',
      'SLURM_CONF',
      'SLURM_JOB_ID',
      'SLURM_JOB_NODELIST',
      'SLURM_MPI_TYPE',
      'SLURM_STAND_IN',
    ])
    expect(names.get('SLURM_JOB_ID')).toBe('SLURM_JOB_ID=101')
  })

  test('a node that lacks what starts bjob says so in batch.out, ls launchers and why', async () => {
    await using here = await SubmitRig.create()
    await here.spawn('a')
    const settings = path.join(here.rig.site, 'bjob.yaml')
    const before = fs.readFileSync(settings, 'utf8')
    fs.writeFileSync(settings, `${before}batch:\n  command: [/no/such/bjob]\n`)
    const { stderr } = await here.submit()
    // Who says what starts it there is believed.
    expect(stderr).toBe('')
    await here.untilForgotten()
    const sentence = /node \S+ has no \/no\/such\/bjob: .*batch: command/
    expect((await here.listed())[0]).toMatch(sentence)
    const [record] = (await here.rig.done(['ls', 'launchers', '--json'], { env: here.slurm.env })).trim().split('\n')
    expect((JSON.parse(record ?? '') as { said: string }).said).toMatch(sentence)
    expect(await here.rig.done(['why', 'w/a'], { env: here.slurm.env })).toMatch(
      /submission 101 started no launcher: node/,
    )
    const folder = path.join(here.rig.site, 'submissions')
    const [id = ''] = fs.readdirSync(folder)
    expect(fs.readFileSync(path.join(folder, id, 'batch.out'), 'utf8')).toMatch(/^bjob: node .*\n$/)
  })

  test('a site on this machine`s own disk is told of, until a launcher has run in an allocation', async () => {
    await using here = await SubmitRig.create()
    const wait = ['--idle-seconds', '1'] as const
    await here.spawn('a')
    expect((await here.submit(...wait)).stderr).toMatch(/^bjob: the site is on a local file system, .*\n$/)
    ;(await here.rig.jobs.start('w/a')).exit(0)
    await here.untilForgotten()
    await here.spawn('b')
    const doctor = await here.rig.bjob(['doctor'], { env: here.slurm.env })
    expect(doctor.stdout).toMatch(/^ok +compute nodes +command that starts bjob there: \S+node \S+bjob.js$/m)
    const again = await here.submit(...wait)
    expect(again.stderr).toBe('')
    ;(await here.rig.jobs.start('w/b')).exit(0)
    await here.untilForgotten()
  })

  test('what no such allocation could run is refused in one line, and leaves nothing', async () => {
    await using here = await SubmitRig.create()
    const refuse = async (options: readonly string[], message: string | RegExp) => {
      const { status, stdout, stderr } = await here.submit(...options)
      expect(stderr.split('\n')[0]).toMatch(message)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(here.slurm.submitted).toEqual([])
      const folder = path.join(here.rig.site, 'submissions')
      expect(fs.existsSync(folder) ? fs.readdirSync(folder) : []).toEqual([])
    }
    await refuse([], 'no runnable job matches')
    await refuse(['--keep', '2'], 'no runnable job matches')
    await here.spawn('wide', '--num-nodes', '3')
    await refuse([], 'no job fits into 1 node for 5 minutes: w/wide needs 3 nodes, the allocation has 1')
    await refuse(['--job-mode', 'serial'], 'no runnable job matches')
    // The last seconds are for ending in good order: such a job would never be begun.
    await here.spawn('long', '--wall-time-minutes', '5')
    await refuse(['--name', 'long'], /w\/long needs 300 s, the allocation has 296 s left/)
    await refuse([], /w\/long needs.*; 1 more does not fit either/)
    await here.spawn('cores', '--threads-per-rank', '65')
    fs.appendFileSync(path.join(here.rig.site, 'bjob.yaml'), 'node:\n  cores: 64\n')
    await refuse(['--name', 'cores'], /w\/cores needs 65 cores per node, no node of the allocation has that many/)
    await here.spawn('a')
    here.slurm.set('refuse', 'Invalid partition name specified')
    await refuse(['-q', 'nosuch'], 'sbatch refused: Batch job submission failed: Invalid partition name specified')
    await refuse(['--keep', '2'], 'sbatch refused')
    await refuse(['--every', '2'], '--every requires --keep')
    await refuse(['--keep', '0'], '--keep must be a number of at least 1')
  })
})

describe.concurrent('bjob submit --keep', () => {
  test('submits while jobs could run, again after a cut, and stops when all is done; killed and restarted, it counts on', async () => {
    await using here = await SubmitRig.create()
    const { jobs } = here.rig
    for (const name of ['a', 'b', 'c']) await here.spawn(name)
    const killed = here.keep(2, '--slots', '1')
    await jobs.starts(2)
    expect(here.slurm.submitted).toEqual([101, 102])
    await killed.kill('SIGKILL')
    const keeper = here.keep(2, '--slots', '1')
    // Its first look at the jobs of the one that was killed; the limit of the time cuts one off in
    // the middle, and another one follows.
    here.slurm.cutOff(101)
    await keeper.printed(/slurm job 101 has ended \(forgotten\)/)
    await keeper.printed(/slurm job 103 submitted: 1 node for 5 min, at most 2 at once/)
    await here.rig.until('every job to finish', async () => {
      for (const job of jobs.running) job.exit(0)
      return ['a', 'b', 'c'].every((name) => here.rig.state(`w/${name}`).state === 'JOB_FINISHED')
    })
    const { status, stdout } = await keeper.ended()
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('no runnable jobs left, exiting: 1 allocation submitted.')
    expect(status).toBe(0)
    expect(jobs.started).toHaveLength(4)
    await here.untilForgotten()
    expect(here.slurm.submitted).toEqual([101, 102, 103])
    expect((await here.listed())[0]).toContain('ended (forgotten)')
    expect((await here.rig.bjob(['submit', '-n', '1', '-t', '5', '--keep', '2'], { env: here.slurm.env })).status).toBe(
      0,
    )
  })

  test('a scheduler that cannot be reached or refuses is asked again, and nothing is submitted twice', async () => {
    await using here = await SubmitRig.create()
    for (const name of ['a', 'b']) await here.spawn(name)
    here.slurm.set('hold', '')
    const keeper = here.keep(1, '--json')
    await here.untilSubmitted(1)
    here.slurm.set('down', '')
    here.slurm.set('refuse', 'Unable to contact slurm controller')
    await here.rig.until('two looks', async () => (await here.listed())[0]?.includes('slurm is not reachable now'))
    here.slurm.set('down', undefined)
    // It was cancelled by somebody, and Slurm has forgotten it.
    here.slurm.cancel(101)
    await keeper.printed(
      /"problem","message":"sbatch refused: Batch job submission failed: Unable to contact slurm cont/,
    )
    here.slurm.set('refuse', undefined)
    await here.untilSubmitted(2)
    // With nothing left to run, what is still queued is taken back.
    await here.rig.done(['kill', '--workflow', 'w'])
    const { status, stdout } = await keeper.ended()
    expect(status).toBe(0)
    const events = stdout.trimEnd().split('\n')
    expect(events.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual([
      'submitted',
      'ended',
      'problem',
      'submitted',
      'cancelled',
      'summary',
    ])
    expect(here.slurm.pending).toBe(0)
    expect(here.slurm.submitted).toEqual([101, 102])
  })

  test('jobs of an allocation that died with its launcher want another one', async () => {
    await using here = await SubmitRig.create()
    await here.spawn('a')
    const keeper = here.keep(1)
    await here.rig.jobs.start('w/a')
    here.slurm.destroy(101)
    const again = await here.rig.jobs.start('w/a', 2)
    again.exit(0)
    expect((await keeper.ended()).status).toBe(0)
    await here.untilForgotten()
    expect(here.slurm.submitted).toEqual([101, 102])
  })

  test('says which jobs are left that no such allocation runs', async () => {
    await using here = await SubmitRig.create()
    await here.spawn('wide', '--num-nodes', '3')
    await here.spawn('child', '--parents', 'w/wide')
    await here.spawn('a')
    const keeper = here.keep(1)
    ;(await here.rig.jobs.start('w/a')).exit(0)
    const { status, stdout } = await keeper.ended()
    expect(stdout).toContain('Not runnable: w/wide needs 3 nodes, the allocation has 1; 1 more does not fit either.')
    expect(status).toBe(1)
    await here.untilForgotten()
  })

  test('stays for a driver with --persistent, and leaves its allocations when it is stopped', async () => {
    await using here = await SubmitRig.create()
    const keeper = here.keep(1, '--persistent')
    await here.spawn('a')
    const job = await here.rig.jobs.start('w/a')
    const { stdout } = await keeper.kill('SIGTERM')
    expect(stdout).toContain(
      'stopped by SIGTERM: 1 allocation submitted, 1 allocation queued or running. Run the same command',
    )
    expect(job.hasEnded).toBe(false)
    job.exit(0)
    await here.untilForgotten()
  })

  test('gives up when allocations end and no job was started', async () => {
    await using here = await SubmitRig.create()
    await here.spawn('a')
    const template = path.join(here.rig.site, 'templates', 'slurm.sh')
    fs.mkdirSync(path.dirname(template), { recursive: true })
    fs.writeFileSync(template, '#!/bin/bash\n#SBATCH --output={{output}}\necho no such module\nexit 7\n')
    const { status, stderr } = await here.keep(2).ended()
    expect(stderr).toMatch(/3 allocations in a row ended without starting a job \(submissions\/.*\/batch.out\)/)
    expect(status).toBe(3)
    expect(here.slurm.submitted.length).toBeLessThanOrEqual(4)
  })
})
