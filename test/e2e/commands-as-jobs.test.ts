import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

test('a list of commands and a disBatch task file: each line a job, in the folder where they were spawned', async () => {
  await using rig = await Rig.create()
  const run = (file: string, text: string, ...options: string[]): Promise<string> => {
    fs.writeFileSync(path.join(rig.outside, file), text)
    return rig.done(['spawn', '--from', file, ...options], { cwd: rig.outside, env: { BJOB_SITE: rig.site } })
  }
  const listed = await run(
    'list',
    '# two\necho "a: b" | tr a-z A-Z > one.txt\r\n\nexit 3\n',
    '--format',
    'commands',
    '--workflow',
    'w',
  )
  expect(listed).toBe('w/line2\nw/line4\n')
  const tasks = [
    '#DISBATCH PREFIX ( echo $DISBATCH_TASKID; ',
    '#DISBATCH SUFFIX ) > $DISBATCH_NAMETASKS-$DISBATCH_TASKID.log 2>&1',
    'echo first',
    '#DISBATCH REPEAT 2 start 10 step 5 echo $DISBATCH_REPEAT_INDEX $MINE',
    '#DISBATCH BARRIER',
    '#DISBATCH SUFFIX ) > all.txt',
    'cat tasks-*.log',
  ].join('\n')
  expect(await run('tasks', tasks, '--workflow', 'd', '--env', 'MINE=yes')).toBe(
    'd/line3\nd/line4-10\nd/line4-15\nd/barrier5\nd/line7\n',
  )
  await rig.done(['launch', '--idle-seconds', '0.3', '--slots', '2'])
  expect(fs.readFileSync(path.join(rig.outside, 'one.txt'), 'utf8')).toBe('A: B\n')
  expect(rig.state('w/line4').history.at(-1)).toMatchObject({ state: 'FAILED' })
  expect(fs.readFileSync(path.join(rig.outside, 'all.txt'), 'utf8')).toBe('3\n0\nfirst\n1\n10 yes\n2\n15 yes\n')
  // With an application of one's own, a line is its arguments, and no shell sees it.
  await run('words', '"two words" $HOME\n', '--format', 'commands', '--app', 'yes', '--name', 'p')
  expect(JSON.parse(await rig.done(['ls', 'p1', '--json']))).toMatchObject({ args: ['two words', '$HOME'] })
  for (const [text, said] of [
    ['#DISBATCH PERENGINE START x\n', /has #DISBATCH PERENGINE \(standard input:1\)/],
    ['x\n#DISBATCH REPEAT many\n', /invalid REPEAT \(standard input:2\)/],
    ['#DISBATCH SUFFIX x\n', /has no commands/],
    ['echo a\necho b\n', /if each line is a command, use --format commands/],
  ] as const) {
    const { status, stderr } = await rig.bjob(['spawn', '--from', '-'], { input: text })
    expect([status, stderr]).toEqual([2, expect.stringMatching(said)])
  }
})

/** As `BalsamJob.to_dict()` has them; the child stands first. */
const BALSAM_0 = [
  {
    job_id: '9d1a-2',
    workflow: 'old runs',
    name: 'plot it',
    description: '',
    lock: '',
    tick: '2019-03-01T00:00:00',
    parents: '["9d1a-1"]',
    input_files: '*.dat',
    stage_in_url: '',
    stage_out_files: '',
    stage_out_url: '',
    wall_time_minutes: 5,
    num_nodes: 1,
    coschedule_num_nodes: 0,
    ranks_per_node: 1,
    cpu_affinity: 'none',
    threads_per_rank: 1,
    threads_per_core: 1,
    node_packing_count: 4,
    environ_vars: 'A=1:B=x y',
    mpi_flags: '',
    application: 'yes',
    args: '--in "a b" 3',
    user_workdir: '',
    wait_for_parents: true,
    post_error_handler: false,
    post_timeout_handler: false,
    auto_timeout_retry: true,
    state: 'CREATED',
    state_history: '\n[03-01-2019 00:00:00.000000 CREATED] ',
    queued_launch_id: null,
    data: { dh: 1 },
  },
  {
    job_id: '9d1a-1',
    version: '0.2',
    workflow: 'old runs',
    name: 'first',
    parents: '[]',
    application: 'yes',
    application_args: 'x y',
    working_directory: '/gone',
    runtime_seconds: 3.5,
    work_site: 'theta',
    scheduler_id: '',
    wait_for_parents: false,
    state: 'JOB_FINISHED',
  },
]

const BALSAM_2 = [
  {
    id: 8,
    workdir: 'new/b',
    tags: { round: '1' },
    app_id: 3,
    app: 'yes',
    parameters: {},
    data: {},
    parent_ids: [7],
    num_nodes: 2,
    ranks_per_node: 4,
    threads_per_rank: 2,
    threads_per_core: 1,
    launch_params: {},
    gpus_per_rank: 0,
    node_packing_count: 1,
    wall_time_min: 10,
    state: 'PREPROCESSED',
    batch_job_id: null,
    last_update: '2023-01-01T00:00:00',
    return_code: null,
    transfers: {},
    site_path: '/x',
  },
  {
    id: 7,
    workdir: 'new/a',
    app_id: 3,
    app: 'yes',
    parent_ids: [],
    num_nodes: 1,
    wall_time_min: 0,
    state: 'JOB_FINISHED',
  },
]

test('jobs that Balsam dumped, of either era, become jobs with their fields and their parents', async () => {
  await using rig = await Rig.create()
  const input = JSON.stringify(BALSAM_0, undefined, 2)
  expect(await rig.done(['spawn', '--from', '-'], { input })).toBe('old_runs/first\nold_runs/plot_it\n')
  expect(JSON.parse(await rig.done(['ls', 'old_runs/plot_it', '--json']))).toMatchObject({
    state: 'AWAITING_PARENTS',
    parents: ['old_runs/first'],
    args: ['--in', 'a b', '3'],
    environ_vars: { A: '1', B: 'x y' },
    input_files: ['*.dat'],
    wall_time_minutes: 5,
    node_packing_count: 4,
  })
  expect(JSON.parse(await rig.done(['cat', 'old_runs/plot_it', 'data.json']))).toEqual({ dh: 1 })
  expect(JSON.parse(await rig.done(['ls', 'old_runs/first', '--json']))).toMatchObject({
    args: ['x', 'y'],
    wait_for_parents: false,
  })
  const lines = BALSAM_2.map((record) => JSON.stringify(record)).join('\n')
  expect(await rig.done(['spawn', '--from', '-'], { input: lines })).toBe('new/a\nnew/b\n')
  expect(JSON.parse(await rig.done(['ls', 'new/b', '--json']))).toMatchObject({
    parents: ['new/a'],
    tags: { round: '1' },
    num_nodes: 2,
    ranks_per_node: 4,
    wall_time_minutes: 10,
  })
  // Input that would be lost is refused with its name and line, not dropped.
  const { status, stderr } = await rig.bjob(['spawn', '--from', '-', '--workflow', 'v'], {
    input: '{"id": 1, "workdir": "v/x", "app": "yes", "app_id": 1, "parameters": {"n": 3}}',
  })
  expect([status, stderr]).toEqual([2, expect.stringContaining('unknown field parameters')])
  await rig.done(['launch', '--idle-seconds', '0.3', '--workflow', 'old_runs'])
  expect(rig.state('old_runs/plot_it').state).toBe('JOB_FINISHED')
})

test('a job’s folder is its own, for what is bjob’s; its command may work in any other', async () => {
  await using rig = await Rig.create()
  rig.addApplication('there', `executable: [/bin/sh, -c, 'cd "$0" && exec "$@"']\n`)
  const refused = await rig.bjob(['spawn', '--from', '-'], { input: 'name: a\napplication: there\nuser_workdir: /x\n' })
  expect(refused.stderr).toContain('unknown field user_workdir: a job always runs in its own folder. To work elsewhere')
  expect(refused.status).toBe(2)
  fs.writeFileSync(path.join(rig.outside, 'in.dat'), 'input')
  for (const name of ['a', 'b'])
    await rig.done(['spawn', '--app', 'there', '--name', name, '--', rig.outside, 'cp', 'in.dat', `${name}.dat`])
  await rig.done(['launch', '--idle-seconds', '0.3', '--slots', '2'])
  for (const name of ['a', 'b']) {
    expect(fs.readFileSync(path.join(rig.outside, `${name}.dat`), 'utf8')).toBe('input')
    expect(fs.readdirSync(rig.folder(`default/${name}`)).toSorted()).toEqual(['job.out', 'job.yaml', 'state.yaml'])
  }
})
