import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const COMMAND = path.resolve(import.meta.dirname, '../../bin/bjob.js')
const SPACE = 'parameters:\n  a: {type: float, low: 0, high: 1}\n  b: {choices: [x, y]}\nobjective: loss\n'

async function makeRig(): Promise<Rig> {
  const rig = await Rig.create({ mayLeaveScaffolding: true })
  fs.writeFileSync(path.join(rig.site, 'space.yaml'), SPACE)
  return rig
}

const tune = (...more: string[]): string[] => [
  'tune',
  'space.yaml',
  '--application',
  'controlled',
  '--parallel',
  '2',
  '--sampler',
  'random',
  ...more,
]
const folderOf = (rig: Rig): string => path.join(rig.site, 'jobs', 'space')

/** Ends whatever starts; by the number of its evaluation, some badly. */
function workOff(rig: Rig): void {
  for (const job of rig.jobs.running) {
    const number = Number(job.id.split('-')[1])
    const { x } = JSON.parse(fs.readFileSync(path.join(job.folder, `eval-${number}.json`), 'utf8')) as {
      x: { a: number }
    }
    if (number === 2) job.exit(3)
    else if (number === 3) job.write('result.dat', '{"loss": NaN}').exit(0)
    else if (number === 5) job.exit(0)
    else job.write('result.dat', JSON.stringify({ loss: x.a })).exit(0)
  }
}

describe('bjob tune', () => {
  test('killed with -9 again and again, evaluates each point once, and tells at the end what failed', async () => {
    await using rig = await makeRig()
    const launcher = await rig.launch()
    for (const count of [2, 4, 7]) {
      const search = rig.start(tune('--evals', '12'))
      await rig.until(`${count} starts`, () => {
        if (rig.jobs.started.length < count) workOff(rig)
        return rig.jobs.started.length >= count
      })
      await search.kill('SIGKILL')
    }
    const search = rig.start(tune('--evals', '12'))
    await rig.until('the end', () => {
      workOff(rig)
      return search.hasExited
    })
    const { status, stdout, stderr } = await search.exit
    expect(status).toBe(0)
    expect(stdout).toMatch(/continuing with \d+ evaluations/)
    expect(stdout).toMatch(/^evaluation +loss +a +b$/m)
    expect(stderr).toContain('all evaluations are done: 12 ended, 3 of them failed:')
    expect(stderr).toMatch(/space\/eval-2: .*3/)
    expect(stderr).toContain('space/eval-3: loss in result.dat is not a number')
    expect(stderr).toContain('space/eval-5: it wrote no result.dat')
    expect(rig.jobs.started.map(({ id }) => id).toSorted()).toEqual(
      Array.from({ length: 12 }, (_, at) => `space/eval-${at + 1}`).toSorted(),
    )
    const records = (await rig.done(tune('--evals', '12', '--json')))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { value: number | null; point: { a: number } })
    const values = records.map(({ value }) => value).filter((value) => value !== null)
    expect(values).toHaveLength(9)
    expect(values).toEqual(values.toSorted((one, other) => one - other))
    expect(records.filter(({ value, point }) => value !== null && value !== point.a)).toEqual([])
    expect(new Set(records.map(({ point }) => point.a)).size).toBe(12)
    await launcher.kill('SIGTERM')
  })

  test('counts a job that is killed by hand; interrupted, says how to go on', async () => {
    await using rig = await makeRig()
    const launcher = await rig.launch()
    const search = rig.start(tune('--evals', '3'))
    await rig.jobs.starts(2)
    await rig.done(['kill', 'space/eval-1'])
    await search.printed(/eval-1 failed: killed by/)
    await rig.jobs.start('space/eval-3')
    const { status, stderr } = await search.kill('SIGINT')
    expect(status).toBe(1)
    expect(stderr).toContain('interrupted: 1 ended, 1 of them failed')
    expect(stderr).toContain('2 evaluations continue: run the same command to wait for them')
    for (const job of rig.jobs.running) job.write('result.dat', '{"loss": 1}').exit(0)
    expect((await rig.bjob(tune('--evals', '3'))).status).toBe(0)
    expect(fs.readdirSync(folderOf(rig)).toSorted()).toEqual(['eval-1', 'eval-2', 'eval-3'])
    await launcher.kill('SIGTERM')
  })

  test('ends whatever its evaluations do: fail, hang, print NaN, leave nothing, are killed by hand', async () => {
    await using rig = await makeRig()
    const program = `case $1 in eval-1.*) exit 3;; eval-2.*) exec sleep 1000;; eval-3.*) echo NaN > result.dat;; eval-4.*) ;;
      eval-5.*) kill -SEGV $$;; eval-6.*) bjob kill space/eval-6;; eval-7.*) echo hello > result.dat;; *) echo '{"loss": 1}' > result.dat;; esac`
    const bjob = path.join(rig.outside, 'bjob')
    fs.writeFileSync(bjob, `#!/bin/sh\nexec ${process.execPath} ${COMMAND} "$@"\n`, { mode: 0o755 })
    rig.addApplication('wild', JSON.stringify({ executable: ['/bin/sh', '-c', program, 'sh'] }))
    const env = { PATH: `${rig.outside}:${process.env['PATH']}` }
    const launcher = rig.start(['launch', '--persistent', '--slots', '2', '--quiet'], { env })
    const words = ['tune', 'space.yaml', '--app', 'wild', '--evals', '10', '--json', '--timeout-minutes', '0.05']
    const { status, stdout, stderr } = await rig.bjob(words)
    expect(status).toBe(0)
    expect(stderr).toContain('all evaluations are done: 10 ended, 7 of them failed:')
    const failures = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { trial: number; value: number | null; failure?: string })
      .filter(({ value }) => value === null)
      .toSorted((one, other) => one.trial - other.trial)
      .map(({ failure }) => failure)
    expect(failures).toEqual([
      'exit 3',
      'ran for longer than its timeout_minutes, 0.05',
      'result.dat is not a number: NaN, infinite or null',
      'it wrote no result.dat',
      'killed by SIGSEGV',
      expect.stringMatching(/^killed by \w+@/),
      expect.stringContaining('neither JSON nor a number: "hello'),
    ])
    await launcher.kill('SIGTERM')
  })

  test('stops early what its reports put behind, also those that came while it was dead; the slot is free', async () => {
    await using rig = await makeRig()
    const launcher = await rig.launch()
    const words = tune('--evals', '5', '--early-stopping', '2', '--csv', 'all.csv')
    const search = rig.start(words)
    const [first, second] = [await rig.jobs.start('space/eval-1'), await rig.jobs.start('space/eval-2')]
    await search.kill('SIGKILL')
    first.write('progress.dat', '1 9\n2 0.5\n3 0.4')
    second.write('progress.dat', 'starting\n1 0.1\n2 0.9\n')
    const again = rig.start(words)
    await again.printed('eval-2 stopped at step 2 with 0.9')
    const third = await rig.jobs.start('space/eval-3')
    third.write('progress.dat', '7 0.6 and more\n')
    await again.printed('eval-3 stopped at step 7 with 0.6')
    await rig.jobs.start('space/eval-4')
    await rig.done(['kill', 'space/eval-4'])
    const last = await rig.jobs.start('space/eval-5')
    last.write('progress.dat', '2 0.1\n').write('result.dat', '{"loss": 0.2}').exit(0)
    first.write('result.dat', '{"loss": 0.1}').exit(0)
    const { status, stderr } = await again.ended()
    expect(status).toBe(0)
    expect(stderr).toContain('5 ended, 2 of them stopped early, 1 failed:\n  space/eval-4: killed by')
    expect(fs.readFileSync(path.join(rig.folder('space/eval-3'), 'state.yaml'), 'utf8')).toContain(
      'USER_KILLED killed by early stopping at step 7 with 0.6, place 2 of 3',
    )
    const rows = fs.readFileSync(path.join(rig.site, 'all.csv'), 'utf8').split('\r\n')
    expect(rows[0]).toBe('id,outcome,loss,step,failure,a,b')
    expect(rows.slice(1, 6).map((row) => row.split(',').slice(0, 4).join(' '))).toEqual([
      'space/eval-1 value 0.1 ',
      'space/eval-2 stopped 0.9 2',
      'space/eval-3 stopped 0.6 7',
      'space/eval-4 failed  ',
      'space/eval-5 value 0.2 ',
    ])
    // Four came after the best.
    const patient = await rig.bjob(tune('--evals', '9', '--patience', '4'))
    expect(patient.stderr).toContain('no improvement within the patience')
    expect(rig.ids()).toHaveLength(5)
    await launcher.kill('SIGTERM')
  })

  test('of two objectives shows the Pareto front, and goes on with it after a restart', async () => {
    await using rig = await makeRig()
    fs.writeFileSync(
      path.join(rig.site, 'space.yaml'),
      'parameters:\n  a: {type: integer, low: 1, high: 6}\nobjectives: {loss: minimise, speed: maximise}\n',
    )
    // Loss and speed grow with a, but for a = 6, which is as slow as 1.
    const program = `a=$(tr -dc 0-9 < $1 | cut -c 1); echo "{\\"loss\\": $a, \\"speed\\": $((a % 6))}" > result.dat`
    rig.addApplication('two', JSON.stringify({ executable: ['/bin/sh', '-c', program, 'sh'] }))
    const launcher = await rig.launch()
    const words = ['tune', 'space.yaml', '--app', 'two', '--csv', 'all.csv', '--sampler', 'grid']
    for (const option of ['--target', '--early-stopping']) {
      const refused = await rig.bjob([...words, option, '1'])
      expect([refused.status, refused.stderr]).toEqual([
        2,
        expect.stringContaining('requires a single objective; space.yaml has several'),
      ])
    }
    await rig.done([...words, '--evals', '3'])
    const shown = await rig.done([...words, '--evals', '6'])
    const [header = '', ...rows] = shown.slice(shown.indexOf('evaluation ')).trim().split('\n')
    expect(header.split(/ +/)).toEqual(['evaluation', 'loss', 'speed', 'a'])
    expect(rows.map((row) => row.split(/ +/).slice(1).join(' '))).toEqual([1, 2, 3, 4, 5].map((a) => `${a} ${a} ${a}`))
    const table = fs.readFileSync(path.join(rig.site, 'all.csv'), 'utf8').trim().split('\r\n')
    expect(table[0]).toBe('id,outcome,loss,speed,step,failure,a')
    expect(
      table
        .slice(1)
        .map((row) => row.split(',').slice(1).join(','))
        .toSorted(),
    ).toEqual([1, 2, 3, 4, 5, 6].map((a) => `value,${a},${a % 6},,,${a}`))
    await launcher.kill('SIGTERM')
  })

  test('refuses what is wrong before any job is made', async () => {
    await using rig = await makeRig()
    const refused = async (args: readonly string[], message: string): Promise<void> => {
      const { status, stderr } = await rig.bjob(args)
      expect(stderr).toContain(message)
      expect(status).toBe(2)
    }
    await refused(['tune', 'space.yaml'], '--application is missing')
    await refused(['tune', 'none.yaml', '--application', 'yes'], 'file not found: none.yaml')
    await refused(['tune', 'space.yaml', '--application', 'yess'], 'did you mean yes?')
    await refused([...tune(), '--evals', '1.5'], '--evals must be a whole number')
    await refused([...tune(), '--early-stopping', '0'], '--early-stopping')
    await refused([...tune(), '--patience', '0'], '--patience')
    await refused([...tune(), '--csv', 'none/all.csv'], 'cannot write')
    fs.writeFileSync(path.join(rig.site, 'bad.yaml'), SPACE.replace('low: 0', 'low: 3'))
    await refused(
      ['tune', 'bad.yaml', '--application', 'yes'],
      'parameters.a has an empty range: low 3 is above high 1 (bad.yaml:2',
    )
    expect(rig.ids()).toEqual([])
  })
})
