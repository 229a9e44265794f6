/**
 * Two launchers on two kernels over a real NFS mount: one node vanishes in the middle, with a clock
 * two hours ahead.
 */
import { execFile, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { until } from '../rig/until.ts'
import { bundleWorker } from '../survival/pack.ts'
import { say } from '../survival/tally.ts'
import { rigEnvironment } from './rig-environment.ts'

const RIG = path.join(import.meta.dirname, 'nfs')
const ROOT = path.resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

interface DoctorCheck {
  readonly nodes?: number
  readonly name?: string
  readonly grade?: string
  readonly finding?: string
  readonly fit?: boolean
}

const isSilence = (finding = ''): boolean => /has not answered for|no answer within/.test(finding)

describe.each(['vers=3', 'vers=4.2'])('on a real NFS mount, %s', needs('Debian', 'root'), (version) => {
  const environment = { ...rigEnvironment(), NFS_OPTS: version }
  // The clients see this machine's files but for /tmp, where a checkout may well lie.
  let installed = ''

  const inClient = async (client: string, script: string): Promise<string> => {
    const command = `bjob() { ${process.execPath} ${installed}/bin/bjob.js "$@"; }; cd /run/shared; ${script}`
    return (await run(RIG, ['run', client, 'bash', '-c', command], { env: environment, timeout: 120_000 })).stdout
  }
  const startLauncher = (client: string, site: string, options: string): string =>
    execFileSync(
      RIG,
      [
        'start',
        client,
        'bash',
        '-c',
        `cd /run/shared/${site} && ${process.execPath} ${installed}/bin/bjob.js launch ${options} >/tmp/launch.log 2>&1`,
      ],
      { env: environment, encoding: 'utf8', timeout: 60_000 },
    )
  /** Both nodes look at the file system together. */
  const consultDoctor = async (): Promise<DoctorCheck[]> => {
    const peer = inClient('c2', 'bjob doctor --peer 2>&1')
    const isWaiting = async (): Promise<boolean> =>
      (await inClient('c1', 'ls -A >/dev/null; ls .bjob-doctor 2>&1 || true')).includes('waiting')
    await until('the second node to wait', isWaiting, { within: 30 })
    const begun = performance.now()
    const lines = (await inClient('c1', 'bjob doctor --json || true')).trim().split('\n')
    say(`NFS ${version}, DOCTOR OF TWO NODES: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    expect(await peer).toContain('the first node prints the results')
    return lines.map((line) => JSON.parse(line) as DoctorCheck)
  }
  const make = (site: string, jobs: number, command: string): string =>
    `bjob init ${site} && cd ${site} && echo 'lease_seconds: 6' >>bjob.yaml && bjob app add job --executable ${command} && ` +
    `seq ${jobs} | sed 's/.*/{"name":"j&","application":"job"}/' | bjob spawn --from - >/dev/null`
  const countEnded = async (client: string, site: string): Promise<number> =>
    Number(await inClient(client, `cd ${site} && bjob ls --state JOB_FINISHED --json | wc -l`))

  beforeAll(() => {
    installed = fs.mkdtempSync('/var/tmp/bjob-nfs-')
    for (const name of ['bin', 'dist', 'templates', 'package.json']) {
      fs.cpSync(path.join(ROOT, name), path.join(installed, name), { recursive: true, preserveTimestamps: true })
    }
    fs.chmodSync(installed, 0o755)
    execFileSync(RIG, ['up', '2', '--skew', 'c2=+7200'], { env: environment, stdio: 'inherit', timeout: 300_000 })
  })
  afterAll(() => {
    execFileSync(RIG, ['down'], { env: environment, stdio: 'inherit', timeout: 120_000 })
    fs.rmSync(installed, { recursive: true, force: true })
  })

  test('two nodes share the work, each job runs once, and every end is delivered once on the other node', async () => {
    await inClient('c1', make('shared', 40, `'sh -c "echo x >>runs; echo 1 >result.dat"'`))
    startLauncher('c1', 'shared', '--slots 2 --idle-seconds 8')
    startLauncher('c2', 'shared', '--slots 2 --idle-seconds 8')
    await until('forty finished jobs', async () => (await countEnded('c1', 'shared')) === 40, { within: 150 })
    const runs = await inClient('c2', 'cat shared/jobs/default/*/runs | wc -l')
    expect(runs.trim()).toBe('40')
    const owners = await inClient('c1', 'grep -h ^launcher: shared/jobs/default/*/state.yaml | cut -d- -f1 | sort -u')
    expect(owners.trim().split('\n')).toEqual(['launcher: c1', 'launcher: c2'])
    const results = 'cd shared && bjob results --cursor /tmp/cursor | wc -l'
    expect((await inClient('c2', results)).trim()).toBe('40')
    expect((await inClient('c2', results)).trim()).toBe('0')
    expect(await inClient('c1', 'cd shared && bjob fsck')).toContain('no damage found')
  })

  test('a new journal is found, also by a node that listed the folder in the tick in which it came', async () => {
    const program = await bundleWorker(installed, '../cluster/same-tick')
    await inClient('c1', 'mkdir -p tick/journal')
    execFileSync(RIG, ['start', 'c2', process.execPath, program, 'reader', '/run/shared/tick'], { env: environment })
    const told = JSON.parse(await inClient('c1', `${process.execPath} ${program} writer /run/shared/tick`)) as {
      met: number
      seen: number
    }
    say(`NFS ${version}, SAME TICK: ${JSON.stringify(told)}`)
    expect(told.met).toBeGreaterThan(0)
    expect(told.seen).toBe(told.met)
  })

  test('a job is run that comes so long after its announcement that the launcher has looked for it in vain', async () => {
    const program = await bundleWorker(installed, '../cluster/late-birth')
    await inClient('c1', make('late', 1, 'true'))
    startLauncher('c2', 'late', '--slots 1 --idle-seconds 20')
    await until('the first to be finished', async () => (await countEnded('c1', 'late')) === 1, { within: 60 })
    await inClient('c1', `cd late && ${process.execPath} ${program} tardy 4000`)
    await until('the late one to be finished', async () => (await countEnded('c1', 'late')) === 2, { within: 60 })
    expect(await countEnded('c1', 'late')).toBe(2)
  })

  test('a driver waits on one node, beside a snapshot, for jobs that end on the other', async () => {
    await inClient('c1', make('waiting', 1, 'true'))
    // Enough for a snapshot, by few jobs that say much.
    const filler = `{"name":"f&","workflow":"filler","application":"job","args":["${'x'.repeat(2000)}"]}`
    await inClient(
      'c1',
      `cd waiting && seq 600 | sed 's/.*/${filler}/' | bjob spawn --from - >/dev/null && bjob ls --by-state`,
    )
    startLauncher('c1', 'waiting', '--slots 1 --workflow w --idle-seconds 20')
    const one = 'bjob spawn --app job --workflow w --name j$i >/dev/null && bjob wait --quiet --timeout 30 w/j$i'
    const all = `cd waiting && ls journal && for i in $(seq 10); do ${one} && echo ended; done`
    expect(await inClient('c2', all)).toMatch(/^all\.snapshot\n[^]*(ended\n){10}$/m)
  })

  test('the doctor sees the skewed clock, the blindness of inotify and the lines that two nodes lose', async () => {
    let checks: DoctorCheck[] = []
    // Two kernels and a server on few cores may keep each other waiting for longer than a doctor
    // waits.
    for (
      let attempt = 1;
      attempt === 1 || (attempt <= 3 && checks.some(({ finding }) => isSilence(finding)));
      attempt++
    )
      checks = await consultDoctor()
    expect(checks.filter(({ grade }) => grade === 'bad')).toEqual([])
    expect(checks.at(-1)?.fit).toBe(true)
    const found = (name: string): string | undefined =>
      checks.flatMap((check) =>
        check.nodes === 2 && check.name === name ? [`${check.grade} ${check.finding}`] : [],
      )[0]
    expect(found('clocks')).toMatch(/^note the other node's clock is 7(19|20)\d\.\d s ahead/)
    expect(found('inotify')).toMatch(/^note does not report the other/)
    expect(found('exclusive names')).toMatch(/^ok each of 75 names/)
    expect(found('one file, two nodes')).toMatch(/^note \d+ of 100 lines/)
  })

  test('a mount hangs for longer than the lease: its launcher fences itself first, and nothing ends twice', async () => {
    // Which attempts have come to their end, each node tells of its own.
    await inClient(
      'c1',
      make('hung', 2, `'sh -c "sleep \\$((65 - 30 * BJOB_ATTEMPT)); echo \\$BJOB_JOB_ID >>/tmp/hung-ends"'`),
    )
    startLauncher('c1', 'hung', '--slots 2 --idle-seconds 60')
    const countRunning = async (client: string): Promise<number> =>
      Number(await inClient(client, 'cd /; pgrep -xc sleep || true'))
    await until('two running jobs on c1', async () => (await countRunning('c1')) === 2, { within: 60 })
    startLauncher('c2', 'hung', '--slots 2 --idle-seconds 20')
    await until('the launcher on c2', async () => (await inClient('c2', 'cat /tmp/launch.log')).includes('launcher'))
    execFileSync(RIG, ['hang', 'c1'], { env: environment, timeout: 60_000 })
    try {
      const stopped = 'cd /; pgrep -xc sleep; true'
      await until('the jobs of the hung mount to be stopped', async () => {
        const { stdout } = await run(RIG, ['run', 'c1', 'bash', '-c', stopped], { env: environment, timeout: 30_000 })
        return stdout.trim() === '0'
      })
      expect(await countRunning('c2')).toBe(0)
      await until('the other to run them', async () => (await countRunning('c2')) === 2, { within: 60 })
    } finally {
      execFileSync(RIG, ['resume', 'c1'], { env: environment, timeout: 60_000 })
    }
    await until('two finished jobs', async () => (await countEnded('c2', 'hung')) === 2, { within: 90 })
    expect((await inClient('c2', 'sort /tmp/hung-ends')).trim()).toBe('default/j1\ndefault/j2')
    await until('the late one to say so', async () =>
      (await inClient('c1', 'cat /tmp/launch.log')).includes('lost its lease'),
    )
    expect(await inClient('c1', 'cat /tmp/hung-ends 2>/dev/null || true')).toBe('')
    expect((await inClient('c1', 'cat hung/jobs/default/*/state.yaml | grep -c "^  - .* JOB_FINISHED"')).trim()).toBe(
      '2',
    )
    await inClient('c1', 'pkill -TERM -f "[b]job.js launch"; true')
    expect(await inClient('c1', 'cd hung && bjob fsck')).toContain('no damage found')
  })

  test('a node vanishes; the other takes its jobs back after the lease', async () => {
    await inClient('c1', make('lost', 2, `'sh -c "sleep \\$((65 - 30 * BJOB_ATTEMPT)); echo x >>ends"'`))
    startLauncher('c2', 'lost', '--slots 2 --idle-seconds 60')
    const running = 'cd lost && bjob ls --state RUNNING --json | wc -l'
    await until('two running jobs on c2', async () => (await inClient('c1', running)).trim() === '2', { within: 60 })
    startLauncher('c1', 'lost', '--slots 4 --idle-seconds 20')
    await until('the launcher on c1', async () => (await inClient('c1', 'cat /tmp/launch.log')).includes('launcher'))
    execFileSync(RIG, ['kill', 'c2'], { env: environment, timeout: 60_000 })
    const begun = performance.now()
    const again = async (): Promise<string> => inClient('c1', 'cd /; pgrep -xc sleep; true')
    await until('both to run on c1', async () => (await again()).trim() === '2', { within: 60 })
    say(
      `NFS ${version}, NODE VANISHED: running elsewhere after ${((performance.now() - begun) / 1000).toFixed(1)} s (lease 6 s)`,
    )
    await until('both to be finished', async () => (await countEnded('c1', 'lost')) === 2, { within: 150 })
    const history = await inClient('c1', 'cat lost/jobs/default/*/state.yaml')
    expect(history).toContain('RESTART_READY its launcher was silent for 6 s')
    // A node that vanishes in the middle of a change leaves a draft or a lock there.
    expect(await inClient('c1', 'cd lost && (bjob fsck --repair; bjob fsck)')).toContain('no damage found')
  })
})
