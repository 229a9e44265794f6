/** Two launchers on two kernels over a real NFS mount: one node vanishes in the middle, with a clock two hours ahead. */
import { execFile, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../rig/until.ts'

const RIG = path.join(import.meta.dirname, 'nfs')
const ROOT = path.resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Why the rig cannot run here. In CI it has to: there its own failure is the test's. */
function findObstacle(): string | undefined {
  if (process.env['CI'] !== undefined) return undefined
  if (process.getuid?.() !== 0) return 'it needs root'
  return fs.existsSync('/etc/debian_version') ? undefined : 'it needs Debian'
}

const obstacle = findObstacle()
if (obstacle !== undefined) test.skip(`the NFS rig cannot run here: ${obstacle}`, () => {})

describe.skipIf(obstacle !== undefined).each(['vers=3', 'vers=4.2'])('on a real NFS mount, %s', (version) => {
  const environment = { ...process.env, NFS_OPTS: version }
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
    expect(await inClient('c1', 'cd shared && bjob fsck')).toContain('the site is whole')
  })

  test('a node vanishes; the other takes its jobs back after the lease', async () => {
    await inClient('c1', make('lost', 8, `'sh -c "sleep 3; echo x >>ends"'`))
    startLauncher('c2', 'lost', '--slots 2 --idle-seconds 60')
    const running = 'cd lost && bjob ls --state RUNNING --json | wc -l'
    await until('two running jobs on c2', async () => (await inClient('c1', running)).trim() === '2', { within: 60 })
    execFileSync(RIG, ['kill', 'c2'], { env: environment, timeout: 60_000 })
    startLauncher('c1', 'lost', '--slots 4 --idle-seconds 20')
    await until('eight finished jobs', async () => (await countEnded('c1', 'lost')) === 8, { within: 150 })
    const history = await inClient('c1', 'cat lost/jobs/default/*/state.yaml')
    expect(history).toContain('RESTART_READY its launcher was silent for 6 s')
    expect(await inClient('c1', 'cd lost && bjob fsck')).toContain('the site is whole')
  })
})
