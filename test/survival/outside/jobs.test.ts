/**
 * Anything that a job leaves in its folder affects that job alone (cases A0, A4 and A12 of
 * CASES.md).
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JobResult } from '../../../src/client/ends/read-results.ts'
import { Rig } from '../../rig/rig.ts'
import type { RunningProcess } from '../../rig/running-process.ts'

const SOCKET = `perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "FILE", Listen => 1) or die'`

/** Everything but a file that can stand under a file's name, and the words for it. */
const ODDITIES: readonly { readonly name: string; readonly make: string; readonly told: RegExp }[] = [
  { name: 'folder', make: 'mkdir -p FILE/inside', told: /FILE is a folder, not a file/ },
  { name: 'pipe', make: 'mkfifo FILE', told: /FILE is a pipe or a device, not a file/ },
  { name: 'socket', make: SOCKET, told: /FILE is a socket, not a file/ },
  { name: 'huge', make: 'truncate -s 3G FILE', told: /FILE exceeds bjob's limit of 64 MiB/ },
  { name: 'loop', make: 'ln -s FILE FILE', told: /FILE is a link to itself/ },
]

/** A site whose application `sh` runs a shell line. */
async function createSite(): Promise<Rig> {
  const rig = await Rig.create({ mayLeaveScaffolding: true })
  rig.addApplication('sh', "executable: 'sh -c'\n")
  return rig
}

async function launchMany(rig: Rig, args: readonly string[]): Promise<RunningProcess> {
  const launcher = rig.start(['launch', '--persistent', ...args])
  await launcher.printed(/launcher \S+/)
  return launcher
}

async function spawnLines(rig: Rig, lines: Readonly<Record<string, string>>): Promise<void> {
  const records = Object.entries(lines).map(([name, line]) =>
    JSON.stringify({ workflow: 'w', name, application: 'sh', args: [line] }),
  )
  await rig.done(['spawn', '--from', '-'], { input: records.join('\n') })
}

const resultsOf = (text: string): JobResult[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JobResult)

describe('A4: a result that is none', () => {
  test.each(['result.dat', 'other.json'])('is delivered as null with the reason, and all others: %s', async (file) => {
    await using rig = await createSite()
    const odd = ODDITIES.map(({ name, make }) => [name, make.replaceAll('FILE', file)] as const)
    await spawnLines(rig, { ...Object.fromEntries(odd), good: `echo 7 >${file}`, none: 'true' })
    await rig.done(['launch', '--idle-seconds', '0.2'])
    const cursor = path.join(rig.outside, 'cursor')
    const ends = resultsOf(await rig.done(['results', '--file', file, '--cursor', cursor]))
    const byName = new Map(ends.map((end) => [end.id.slice(2), end]))
    expect(byName.size).toBe(ODDITIES.length + 2)
    for (const { name, told } of ODDITIES) {
      expect(byName.get(name)).toMatchObject({ state: 'JOB_FINISHED', content: null })
      expect(byName.get(name)?.problem).toMatch(new RegExp(told.source.replace('FILE', file)))
    }
    expect(byName.get('good')).toMatchObject({ content: '7\n', result: 7 })
    expect([byName.get('none')?.content, byName.get('none')?.problem]).toEqual([null, undefined])
    expect(await rig.done(['results', '--file', file, '--cursor', cursor])).toBe('')
  })

  test('stops no session: `read` and `get` answer, and ends go on', async () => {
    await using rig = await createSite()
    await spawnLines(rig, { folder: 'mkdir result.dat', good: 'echo 7 >result.dat' })
    await rig.done(['launch', '--idle-seconds', '0.2'])
    const input = [
      '{"op": "read", "id": 1, "job": "w/folder", "file": "result.dat"}',
      '{"op": "results", "id": 2, "follow": false}',
    ].join('\n')
    const lines = (await rig.done(['session'], { input })).split('\n').slice(0, -1)
    expect(lines.find((line) => line.includes('"id":1'))).toMatch(/result\.dat is a folder, not a file/)
    expect(lines.filter((line) => line.includes('"of":2'))).toHaveLength(2)
  })

  test.each(ODDITIES)('nor do progress.dat, data.json and .verdict that are none: a $name', async ({ make }) => {
    await using rig = await createSite()
    const oddity = (file: string): string => `(${make.replaceAll('FILE', file)})`
    fs.writeFileSync(
      path.join(rig.site, 'apps/trial.yaml'),
      `executable: [/bin/sh, -c, ${JSON.stringify(`${oddity('progress.dat')}; sleep 0.5; echo 1 >result.dat`)}]\n`,
    )
    const space = path.join(rig.outside, 'space.yaml')
    fs.writeFileSync(space, 'parameters:\n  x: {type: float, low: 0, high: 1}\n')
    const launcher = await rig.launch()
    const search = ['tune', space, '--app', 'trial', '--evals', '2', '--early-stopping', '2', '--json']
    expect(await rig.done(search)).toContain('"value":1')
    rig.addApplication(
      'post',
      `executable: [/bin/sh, -c, ${JSON.stringify(oddity('.verdict'))}]\npostprocess: [/bin/true]\n`,
    )
    await rig.done(['spawn', '--workflow', 'w', '--name', 'verdict', '--app', 'post'])
    await spawnLines(rig, { data: oddity('data.json') })
    await rig.reached('w/verdict', 'JOB_FINISHED')
    await rig.reached('w/data', 'JOB_FINISHED')
    expect((await rig.bjob(['show', 'w/data'])).stdout).toContain('JOB_FINISHED')
    await launcher.kill('SIGTERM')
  })

  test('an output that is none fails the attempt, and starts no agent that hangs', async () => {
    await using rig = await createSite()
    await rig.done([
      'spawn',
      '--workflow',
      'w',
      '--name',
      'pipe',
      '--app',
      'sh',
      '--max-retries',
      '1',
      '--',
      'mkfifo job.out.2; exit 1',
    ])
    await spawnLines(rig, { good: 'sleep 0.5' })
    await rig.bjob(['launch', '--slots', '2', '--idle-seconds', '0.2'])
    expect(rig.state('w/good').state).toBe('JOB_FINISHED')
    expect(rig.state('w/pipe').state).toBe('FAILED')
    expect(rig.state('w/pipe').history.at(-1)?.message).toContain('cannot be started')
  })
})

describe('A12: a job that breaks its own state', () => {
  test.each(ODDITIES)('is set aside by name, and nothing else stops: a $name', async ({ name, make, told }) => {
    await using rig = await createSite()
    const oddity = (file: string): string => `rm -f ${file}; ${make.replaceAll('FILE', file)}`
    await spawnLines(rig, { bad: oddity('state.yaml'), worse: `${oddity('job.yaml')}; exit 1`, good: 'true' })
    await rig.done(['set', 'w/worse', 'max_retries=1'])
    const { status, stdout, stderr } = await rig.bjob(['launch', '--slots', '1', '--idle-seconds', '0.2'])
    expect([status, stderr]).toEqual([3, expect.stringContaining('w/bad')])
    // Of bjob's own files, none is a link.
    const words =
      name === 'loop' ? /state\.yaml is a link, not a file/ : new RegExp(told.source.replace('FILE', 'state.yaml'))
    expect(stdout).toMatch(words)
    expect(rig.state('w/good').state).toBe('JOB_FINISHED')
    expect(await rig.done(['ls'])).toMatch(new RegExp(`w/bad +BROKEN .*${words.source}`))
    const { status: found, stdout: findings } = await rig.bjob(['fsck'])
    expect([found, findings]).toEqual([3, expect.stringMatching(words)])
    expect(findings).toContain('jobs/w/worse/job.yaml')
    expect((await rig.bjob(['why', 'w/bad'])).stdout).toMatch(words)
    // Whatever stood there may hold something that somebody needs.
    await rig.done(['fsck', '--repair'])
    expect(rig.state('w/bad').state).toBe('RUNNING')
    expect((await rig.bjob(['fsck'])).stdout).toContain('no damage found')
  })

  test('and is run again by the same launcher once it is mended', async () => {
    await using rig = await createSite()
    await spawnLines(rig, { bad: 'test "$BJOB_ATTEMPT" = 2 || rm state.yaml' })
    const launcher = await rig.launch()
    await rig.until('the job to be set aside', async () => (await rig.done(['ls'])).includes('BROKEN') || undefined)
    await rig.done(['fsck', '--repair'])
    expect((await rig.reached('w/bad', 'JOB_FINISHED')).attempt).toBe(2)
    await launcher.kill('SIGTERM')
  })

  test('a job that deletes all its files: it is restored from the journal, and runs again', async () => {
    await using rig = await createSite()
    await spawnLines(rig, {
      bad: 'test "$BJOB_ATTEMPT" = 2 || rm -rf ./* ./.[a-z]*; echo $BJOB_ATTEMPT >result.dat',
      good: 'echo 7 >result.dat',
    })
    expect((await rig.bjob(['launch', '--idle-seconds', '0.2'])).status).toBe(3)
    expect((await rig.bjob(['fsck'])).stdout).toContain('2 problems found')
    await rig.done(['fsck', '--repair'])
    await rig.done(['launch', '--idle-seconds', '0.2'])
    const results = resultsOf(await rig.done(['results'])).map(({ id, result }) => [id, result])
    expect(Object.fromEntries(results)).toEqual({ 'w/bad': 2, 'w/good': 7 })
    expect(await rig.done(['fsck'])).toContain('no damage found')
    // A folder of a person is none of bjob's.
    fs.mkdirSync(path.join(rig.site, 'jobs/w/notes'))
    expect(await rig.done(['fsck'])).toContain('jobs/w/notes: is not a job')
  })

  test('fsck leaves what a job made under the names of revisions and drafts', async () => {
    await using rig = await createSite()
    await spawnLines(rig, { odd: 'echo x >.revision-1; mkdir .state-mine .revision-0' })
    await rig.done(['launch', '--idle-seconds', '0.2'])
    await rig.done(['fsck', '--repair'])
    for (const name of ['.revision-0', '.revision-1', '.state-mine'])
      expect(fs.existsSync(path.join(rig.folder('w/odd'), name))).toBe(true)
    fs.rmSync(path.join(rig.folder('w/odd')), { recursive: true })
  })
})

describe('A0: jobs of dead launchers', () => {
  test('one that cannot be taken back is told by its id, all others are, and the exit status says so', async () => {
    await using rig = await createSite()
    const run = (line: string): string => `${line}; test "$BJOB_ATTEMPT" = 2 || sleep 100`
    await spawnLines(rig, {
      revision: run('echo x >.revision-3'),
      folder: run('mkdir .revision-3'),
      link: run('ln -s ../../good1/state.yaml .revision-3'),
      state: run('rm state.yaml; mkdir state.yaml'),
    })
    const first = await launchMany(rig, ['--slots', '4'])
    await rig.until('the folders to be broken', () =>
      ['revision/.revision-3', 'folder/.revision-3', 'link/.revision-3', 'state/state.yaml'].every((name) => {
        const stat = fs.lstatSync(path.join(rig.site, 'jobs/w', name), { throwIfNoEntry: false })
        return stat !== undefined && (name.endsWith('-3') || stat.isDirectory())
      }),
    )
    await first.kill('SIGKILL')
    const good = ['good1', 'good2', 'good3', 'good4', 'good5']
    await spawnLines(rig, Object.fromEntries(good.map((name) => [name, run('true')])))
    const second = await launchMany(rig, ['--slots', '5', '--name', 'good*'])
    for (const name of good) await rig.reached(`w/${name}`, 'RUNNING')
    await second.kill('SIGKILL')
    const { status, stdout, stderr } = await rig.bjob(['launch', '--slots', '9', '--idle-seconds', '0.5'])
    expect(stdout).toMatch(/problem: cannot take over w\/state from \S+: state\.yaml is a folder, not a file/)
    expect([status, stderr]).toEqual([3, expect.stringMatching(/could not be taken over: w\/state\n.*fsck/)])
    const others = [...good, 'revision', 'folder', 'link']
    expect(others.map((name) => `${name} ${rig.state(`w/${name}`).state}`)).toEqual(
      others.map((name) => `${name} JOB_FINISHED`),
    )
    // The existing entry was not bjob's, and is still there.
    expect(fs.readFileSync(path.join(rig.folder('w/revision'), '.revision-3'), 'utf8')).toBe('x\n')
    expect(fs.statSync(path.join(rig.folder('w/folder'), '.revision-3')).isDirectory()).toBe(true)
  })
})
