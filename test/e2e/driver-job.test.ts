/**
 * Jobs that make jobs: the driver that bjob exists for, as a job itself, and a handler that puts
 * another job in the place of one that failed.
 */
import fs from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'

const root = path.resolve(import.meta.dirname, '../..')
const EVALS = 8

/**
 * The loop of the hyperparameter search that Balsam's documentation shows, line for line where the
 * names allow it.
 */
const DRIVER = `
import json, os, sys, time
import bjob
site = bjob.open_site(command=${JSON.stringify([process.execPath, path.join(root, 'bin/bjob.js')])})

def create_job(x, eval_counter):
    task = {"x": x}
    jname = f"task{eval_counter}"
    fname = f"{jname}.dat"
    with open(fname, "w") as fp: fp.write(json.dumps(task))
    return site.spawn_child(name=jname, workflow="dl-hps", application="eval_point", wall_time_minutes=2, num_nodes=1,
                            ranks_per_node=1, input_files=f"{jname}.dat", application_args=f"{jname}.dat",
                            wait_for_parents=False, if_exists="reuse")

state = {"my_jobs": [], "finished_jobs": [], "results": []}
if os.path.exists("checkpoint.json"):
    with open("checkpoint.json") as fp: state = json.load(fp)
    print("going on with", len(state["results"]), flush=True)
my_jobs, finished_jobs, results = state["my_jobs"], state["finished_jobs"], state["results"]
while len(finished_jobs) < ${EVALS}:
    while len(my_jobs) < min(${EVALS}, len(finished_jobs) + 2):
        my_jobs.append(create_job([len(my_jobs)], len(my_jobs)))
    new_jobs = site.jobs.filter(job_id__in=my_jobs)
    new_jobs = new_jobs.filter(state="JOB_FINISHED")
    new_jobs = new_jobs.exclude(job_id__in=finished_jobs)
    for job in new_jobs:
        results.append(json.loads(job.read_file_in_workdir("result.dat")))
        finished_jobs.append(job.job_id)
    with open("checkpoint.new", "w") as fp: json.dump(state, fp)
    os.rename("checkpoint.new", "checkpoint.json")
    # Its first life never comes to its end by itself.
    while os.environ["BJOB_ATTEMPT"] == "1" and len(results) >= 3: time.sleep(1)
    time.sleep(0.05)
with open("result.dat", "w") as fp: json.dump(results, fp)
`

test(
  'a driver is a job: its children overlap it and take its files; its walltime kills it, and it goes on in its own folder',
  needs('python3 from 3.6 on'),
  async () => {
    await using rig = await Rig.create()
    fs.writeFileSync(path.join(rig.site, 'driver.py'), DRIVER)
    rig.addApplication('driver', `executable: [python3, "{site}/driver.py"]\n`)
    rig.addApplication('eval_point', `executable: [/bin/sh, -c, 'echo "{\\"got\\": $(cat "$0")}" > result.dat']\n`)
    const options = [
      '--timeout-minutes',
      '0.04',
      '--max-retries',
      '20',
      '--env',
      `PYTHONPATH=${path.join(root, 'templates/python')}`,
      // Into the checkout nothing is written.
      '--env',
      'PYTHONDONTWRITEBYTECODE=1',
    ]
    await rig.done(['spawn', '--app', 'driver', '--workflow', 'dl-hps', '--name', 'driver', ...options])
    const launcher = await rig.launch()
    const driver = await rig.reached('dl-hps/driver', 'JOB_FINISHED')
    expect(driver.attempt).toBeGreaterThan(1)
    expect(rig.history('dl-hps/driver').slice(0, 4)).toEqual(['CREATED', 'RUNNING', 'RUN_TIMEOUT', 'RESTART_READY'])
    const folder = rig.folder('dl-hps/driver')
    expect(fs.readFileSync(path.join(folder, `job.out.${driver.attempt}`), 'utf8')).toMatch(/^going on with [3-8]/)
    const results: unknown[] = JSON.parse(fs.readFileSync(path.join(folder, 'result.dat'), 'utf8'))
    const tasks = Array.from({ length: EVALS }, (_, at) => ({ got: { x: [at] } }))
    expect(results.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))).toEqual(tasks)
    const ended = driver.history.at(-1)?.time ?? ''
    for (let at = 0; at < EVALS; at++) {
      const id = `dl-hps/task${at}`
      const { attempt, history } = rig.state(id)
      expect([id, attempt, rig.history(id)]).toEqual([id, 1, ['CREATED', 'RUNNING', 'RUN_DONE', 'JOB_FINISHED']])
      expect(history[0]?.message).toBe('spawned by dl-hps/driver')
      expect((history.at(-1)?.time ?? '') < ended).toBe(true)
      expect(JSON.parse(await rig.done(['ls', id, '--json']))).toMatchObject({
        parents: ['dl-hps/driver'],
        wait_for_parents: false,
      })
    }
    await launcher.kill('SIGTERM')
  },
)

/**
 * Balsam's own pattern: what handles the error spawns a job without parents, and has every child
 * wait for that one instead.
 */
const HANDLER = `
import { openSite } from './bjob.cjs'
const site = await openSite()
const children = await site.children().toArray()
const rescue = await site.spawn({ name: 'rescue', application: 'yes' }, { ifExists: 'reuse' })
await rescue.set({ parents: [] })
for (const child of children) console.log(child.id, (await child.set({ parents: [rescue.id] })).message)
await site.updateState('FAILED', 'rescued by ' + rescue.id)
await site.close()
`

test('a handler of errors puts a rescue job in the place of its own, and the children go on', async () => {
  await using rig = await Rig.create()
  const library = path.join(rig.site, 'bjob.cjs')
  await build({
    entryPoints: [path.join(root, 'src/index.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    alias: { 'graceful-fs': 'node:fs' },
    outfile: library,
    logLevel: 'error',
  })
  fs.writeFileSync(path.join(rig.site, 'rescue.mjs'), HANDLER)
  rig.addApplication(
    'breaks',
    `executable: "false"\npostprocess: [${JSON.stringify(process.execPath)}, "{site}/rescue.mjs"]\n`,
  )
  const spawn = (name: string, app: string, ...options: string[]): Promise<string> =>
    rig.done(['spawn', '--workflow', 'w', '--name', name, '--app', app, ...options])
  await spawn('breaks', 'breaks', '--post-error-handler')
  await spawn('child1', 'yes', '--parents', 'w/breaks')
  await spawn('child2', 'yes', '--parents', 'w/breaks')
  await spawn('grandchild', 'yes', '--parents', 'w/child1', '--parents', 'w/child2')
  await rig.done(['launch', '--idle-seconds', '1'])
  expect(fs.readFileSync(path.join(rig.folder('w/breaks'), 'postprocess.log'), 'utf8')).toContain(
    'w/child2 parents set',
  )
  expect(rig.state('w/breaks').history.at(-1)).toMatchObject({ state: 'FAILED', message: 'rescued by w/rescue' })
  for (const name of ['rescue', 'child1', 'child2', 'grandchild'])
    expect([name, rig.state(`w/${name}`).state]).toEqual([name, 'JOB_FINISHED'])
})
