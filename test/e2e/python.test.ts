import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'

const COMMAND = path.resolve(import.meta.dirname, '../../bin/bjob.js')
const MODULE = path.resolve(import.meta.dirname, '../../templates/python')
const PREAMBLE = `
import json, os, signal, sys, threading
import bjob
site = bjob.open_site(command=${JSON.stringify([process.execPath, COMMAND])})
def kill_session():
    process = site._session._process
    if process is not None:
        process.kill()
def spawn(name, **more):
    fields = dict(name=name, workflow="w", application="controlled", wait_for_parents=False)
    fields.update(more)
    return site.spawn_child(**fields)
`

function start(rig: Rig, program: string) {
  const file = path.join(rig.outside, 'driver.py')
  fs.writeFileSync(file, PREAMBLE + program)
  return rig.startProgram(['python3', '-u', file], {
    env: { PYTHONPATH: MODULE, PYTHONDONTWRITEBYTECODE: '1' },
    cwd: rig.site,
  })
}

async function run(rig: Rig, program: string): Promise<string> {
  const { status, stdout, stderr } = await start(rig, program).ended()
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
}

describe('bjob.py', needs('python3 from 3.6 on'), () => {
  test('reads as the drivers of Balsam do: spawn_child, filter, read_file_in_workdir', async () => {
    await using rig = await Rig.create()
    const launcher = await rig.launch()
    const driver = start(
      rig,
      `
with open("task1.dat", "w") as file:
    file.write("{}")
a = spawn("task1", wall_time_minutes=2, num_nodes=1, ranks_per_node=1, input_files="task1.dat", args="task1.dat")
b = spawn("task2", tags={"kind": "other"})
print(a, b)
for end in site.ends(cursor="ends.cursor"):
    if end.id == a:
        break
jobs = site.jobs.filter(id__in=[a, b]).filter(state="JOB_FINISHED").exclude(job_id__in=[b])
job, = jobs
bjob.report(3, 0.25)
print(open("progress.dat").read() == "3 0.25\\n")
print(json.loads(job.read_file_in_workdir("result.dat"))["y"], job.args, os.path.basename(job.working_directory), end.result)
try:
    job.read_file_in_workdir("none.dat")
except ValueError:
    print("ValueError")
query = site.jobs.filter(workflow="w")
print(query.count(), query.filter(name__contains="k2").first().id, query.filter(tags__kind="other").values_list("id"),
      len(site.jobs.filter(id__in=[])), query.order_by("-name").first().name, query.get(name="task1").refresh().state)
print(site.job(b).kill(), site.job(b).state)
for wrong in ({"name": "task1"}, {"name": "x", "argz": "1"}, {"name": "y", "application": "none"}):
    try:
        spawn(**wrong)
    except bjob.BjobError as error:
        print(error.code, error.field)
site.close()
`,
    )
    const a = await rig.jobs.start('w/task1')
    await rig.jobs.start('w/task2')
    expect(fs.readFileSync(path.join(a.folder, 'task1.dat'), 'utf8')).toBe('{}')
    a.write('result.dat', '{"y": 2}').exit(0)
    const { status, stdout, stderr } = await driver.ended()
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toEqual([
      'w/task1 w/task2',
      'True',
      "2 ['task1.dat'] task1 {'y': 2}",
      'ValueError',
      "2 w/task2 ['w/task2'] 0 task2 JOB_FINISHED",
      'killed USER_KILLED',
      'name-taken name',
      'bad-field argz',
      'unknown-application application',
    ])
    await launcher.kill('SIGTERM')
  })

  test('has the queries and changes that drivers of Balsam used', async () => {
    await using rig = await Rig.create()
    const words = await run(
      rig,
      `
os.environ["BJOB_JOB_ID"] = a = spawn("Alpha", tags={"k": "v"}, data={"loss": 1.5})
b = spawn("beta", tags={"k": "u"}, parents=[a], wait_for_parents=True)
c = spawn("c1")
print(site.current_job.id, site.children.values_list("id"), site.parents.count())
jobs = site.jobs.filter(workflow="w").order_by("name")
print(jobs.all()[0].name, [job.name for job in jobs[1:]], jobs[:1][0].id, jobs.filter(name__icontains="ALPH").count())
print(jobs.filter(parents__icontains="alpha").get().id, jobs.filter(data__loss=1.5).get(pk=a).data["loss"], jobs[1].data)
print(jobs.filter(tags__k__in=["u", "v"]).count(), jobs.exclude(data__loss=1.5, name="Alpha").values_list("name", "state"))
print(jobs.values("name", "priority")[2], jobs.count_by("state"))
print([change["kind"] for change in jobs.filter(name__startswith="b").update(priority=4, data={"loss": 2})])
job = jobs.get(name="beta")
print(job.priority, job.data, job.set(priority=4)["kind"], site.add_dependency(c, b)["kind"], job.refresh_from_db().parents)
print(site.kill(a, recursive=True), site.job(a).retry()["kind"], jobs.filter(name="c1").delete()[0]["kind"], jobs.count())
for wrong in (lambda: jobs[-1], lambda: jobs[7], lambda: jobs.filter(data__a__b=1), lambda: next(site.ends(parents=a))):
    try:
        wrong()
    except (TypeError, ValueError, IndexError) as error:
        print(type(error).__name__)
`,
    )
    expect(words.trim().split('\n')).toEqual([
      "w/Alpha ['w/beta'] 0",
      "Alpha ['beta', 'c1'] w/Alpha 1",
      'w/beta 1.5 {}',
      "2 [('beta', 'AWAITING_PARENTS'), ('c1', 'CREATED')]",
      "{'name': 'c1', 'priority': 0} {'CREATED': 2, 'AWAITING_PARENTS': 1}",
      "['done']",
      "4 {'loss': 2} left done ['w/Alpha', 'w/c1']",
      "{'w/beta': 'killed', 'w/Alpha': 'killed'} done done 2",
      'ValueError',
      'IndexError',
      'TypeError',
      'TypeError',
    ])
  })

  test('goes on when its session is killed: each job made once, each end handed out once', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const made = await run(
      rig,
      `
records = [dict(name="j%d" % n, workflow="w", application="yes") for n in range(300)]
threading.Timer(0.3, kill_session).start()
ids = site.spawn_many(records)
kill_session()
more = [spawn("k%d" % n, application="yes") for n in range(3)]
print(len(set(ids)), more)
`,
    )
    expect(made).toBe("300 ['w/k0', 'w/k1', 'w/k2']\n")
    expect(rig.ids()).toHaveLength(303)
    const launcher = await rig.launch()
    const handled = path.join(rig.outside, 'handled')
    // Killed itself in the middle, and started again.
    const half = (count: number, last: string): string => `
count = 0
with open(${JSON.stringify(handled)}, "a") as file:
    for end in site.ends(cursor="ends.cursor", workflow="w"):
        count += 1
        if count % 40 == 0:
            kill_session()
        if count == ${count}:
            ${last}
        file.write(end.id + "\\n")
        file.flush()
        if count == ${count - 1} and ${last === 'break' ? 'True' : 'False'}:
            break
`
    const first = start(rig, half(100, 'os.kill(os.getpid(), signal.SIGKILL)'))
    expect((await first.ended()).signal).toBe('SIGKILL')
    expect(fs.readFileSync(handled, 'utf8').trim().split('\n')).toHaveLength(99)
    await run(rig, half(303 - 99 + 1, 'break'))
    const ids = fs.readFileSync(handled, 'utf8').trim().split('\n')
    expect(ids).toHaveLength(303)
    expect(new Set(ids).size).toBe(303)
    await launcher.kill('SIGTERM')
  })

  test('says what is wrong: no bjob, no site', async () => {
    await using rig = await Rig.create()
    const words = await run(
      rig,
      `
for wrong in (bjob.open_site("/", command=site._session._command), bjob.open_site(command=["no-such-command"])):
    try:
        wrong.jobs.count()
    except bjob.BjobError as error:
        print(error.code)
try:
    site.jobs.filter(colour="red")
except TypeError as error:
    print(error)
`,
    )
    expect(words).toMatch(/^no-session\nno-bjob\njobs cannot be looked up by colour; they can by id, .*\n$/)
  })

  test('hands out jobs as futures', async () => {
    await using rig = await Rig.create()
    const launcher = await rig.launch()
    const words = await run(
      rig,
      `
with site.executor(workflow="w") as executor:
    good = executor.submit(name="good", application="yes")
    bad = executor.submit(name="bad", application="no")
    again = executor.submit(name="good", application="yes")
    never = executor.submit(name="never", application="controlled")
    print(good.result().state, bad.result().state, again.result().id, never.cancel())
print([end.state for end in executor._early.values() if end.name == "never"], site.job("w/never").state)
`,
    )
    expect(words).toMatch(/^JOB_FINISHED FAILED w\/good True\n.* USER_KILLED\n$/)
    await launcher.kill('SIGTERM')
  })
})
