import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const BJOB = `${process.execPath} ${path.resolve(import.meta.dirname, '../../bin/bjob.js')}`

function messages(rig: Rig, id: string): string {
  return rig
    .state(id)
    .history.map(({ state, message }) => `${state} ${message}`)
    .join('\n')
}

async function run(rig: Rig, ...options: string[]): Promise<void> {
  await rig.done(['spawn', '--workflow', 'w', '--name', 'a', ...options])
  await rig.done(['launch', '--idle-seconds', '0.3'])
}

test('preprocess, environment script, application and postprocess, each once and in order', async () => {
  await using rig = await Rig.create()
  fs.writeFileSync(path.join(rig.site, 'env.sh'), 'export WORD="a b"; echo "env $#"\n')
  await rig.done([
    'app',
    'add',
    'hooked',
    '--shell',
    '--executable',
    'echo "main $WORD"; ls',
    '--preprocess',
    'echo pre; touch made',
    '--postprocess',
    'echo post; cp job.out copy',
    '--envscript',
    'env.sh',
  ])
  await run(rig, '--app', 'hooked', '--', 'made')
  expect(rig.history('w/a')).toEqual([
    'CREATED',
    'STAGED_IN',
    'PREPROCESSED',
    'RUNNING',
    'RUN_DONE',
    'POSTPROCESSED',
    'JOB_FINISHED',
  ])
  expect(fs.readFileSync(path.join(rig.folder('w/a'), 'copy'), 'utf8')).toMatch(/^env 0\nmain a b\nmade\n$/)
  expect(fs.readFileSync(path.join(rig.folder('w/a'), 'preprocess.log'), 'utf8')).toBe('pre\n')
  expect(fs.readFileSync(path.join(rig.folder('w/a'), 'postprocess.log'), 'utf8')).toBe('post\n')
})

test.each([
  ['preprocess: [/bin/sh, -c, "echo no good; exit 4"]', 'FAILED preprocess exit 4\nno good'],
  ['preprocess: [/no/such/program]', 'FAILED preprocess cannot be started'],
  ['preprocess: [/etc/passwd]', 'passwd EACCES: is it executable?'],
  ['preprocess: [/bin/sh, -c, "sleep 60"]', 'FAILED preprocess ran for longer than hook_seconds, 1'],
  ['postprocess: [/bin/sh, -c, "head -c 3000 /dev/urandom; exit 1"]', 'FAILED postprocess exit 1'],
])('a hook that goes wrong fails the job: %s', async (hook, said) => {
  await using rig = await Rig.create({ settings: 'hook_seconds: 1\ngrace_seconds: 1\nlease_seconds: 3\n' })
  rig.addApplication('bad', `executable: "true"\n${hook}\n`)
  await run(rig, '--app', 'bad')
  expect(messages(rig, 'w/a')).toContain(said)
  expect(rig.state('w/a').state).toBe('FAILED')
})

test('a failed preprocess is run again by a retry', async () => {
  await using rig = await Rig.create()
  rig.addApplication(
    'once',
    'executable: "true"\npreprocess: [/bin/sh, -c, "test -e tried || { touch tried; exit 1; }"]\n',
  )
  await run(rig, '--app', 'once')
  await rig.done(['retry', 'w/a'])
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect(rig.history('w/a')).toEqual([
    'CREATED',
    'STAGED_IN',
    'FAILED',
    'RESTART_READY',
    'STAGED_IN',
    'PREPROCESSED',
    'RUNNING',
    'RUN_DONE',
    'JOB_FINISHED',
  ])
})

test.each([
  [
    'set state=RESTART_READY message=again',
    ['RUN_ERROR', 'RESTART_READY', 'RUNNING', 'RUN_DONE', 'POSTPROCESSED', 'JOB_FINISHED'],
  ],
  ['set state=JOB_FINISHED', ['RUN_ERROR', 'JOB_FINISHED']],
  ['set state=FAILED message=hopeless', ['RUN_ERROR', 'FAILED']],
  ['--version', ['RUN_ERROR', 'FAILED']],
  ['set state=RUNNING', ['RUN_ERROR', 'FAILED']],
])('a postprocess handles an error: %s', async (words, states) => {
  await using rig = await Rig.create()
  rig.addApplication(
    'handled',
    `executable: [/bin/sh, -c, "test $BJOB_ATTEMPT = 2"]\npostprocess: [/bin/sh, -c, 'test -z "$BJOB_ERROR" || exec ${BJOB} ${words}']\n`,
  )
  await run(rig, '--app', 'handled', '--post-error-handler')
  expect(rig.history('w/a').slice(2)).toEqual(states)
  expect(fs.readdirSync(rig.folder('w/a'))).not.toContain('.verdict')
})

test('without the flag nobody handles an error, and a handler of timeouts is told of them', async () => {
  await using rig = await Rig.create()
  rig.addApplication(
    'slow',
    `executable: [sleep, "60"]\npostprocess: [/bin/sh, -c, 'test "$BJOB_TIMEOUT" = TRUE && exec ${BJOB} set state=JOB_FINISHED message=enough']\n`,
  )
  rig.addApplication('wrong', 'executable: "false"\npostprocess: touch handled\n')
  await rig.done(['spawn', '--app', 'wrong', '--workflow', 'w', '--name', 'b'])
  await run(rig, '--app', 'slow', '--post-timeout-handler', '--timeout-minutes', '0.01')
  expect(rig.history('w/a')).toEqual(['CREATED', 'RUNNING', 'RUN_TIMEOUT', 'JOB_FINISHED'])
  expect(rig.history('w/b')).toEqual(['CREATED', 'RUNNING', 'RUN_ERROR', 'FAILED'])
})

test('a launcher that was stopped leaves the handling of the timeout to the next one', async () => {
  await using rig = await Rig.create()
  rig.addApplication(
    'slow',
    `executable: [sleep, "60"]\npostprocess: [/bin/sh, -c, 'exec ${BJOB} set state=RESTART_READY']\n`,
  )
  await rig.done(['spawn', '--app', 'slow', '--workflow', 'w', '--name', 'a', '--post-timeout-handler'])
  const first = await rig.launch()
  await rig.reached('w/a', 'RUNNING')
  await first.kill('SIGTERM')
  expect(rig.state('w/a')).toMatchObject({ state: 'RUN_TIMEOUT' })
  expect(rig.state('w/a').launcher).toBeUndefined()
  const second = await rig.launch()
  await rig.until('the second attempt', () => rig.state('w/a').attempt === 2)
  expect(rig.history('w/a')).toEqual(['CREATED', 'RUNNING', 'RUN_TIMEOUT', 'RUN_TIMEOUT', 'RESTART_READY', 'RUNNING'])
  await rig.done(['kill', 'w/a'])
  await second.kill('SIGTERM')
})

test.each(['preprocess', 'postprocess'] as const)(
  'a launcher killed during a %s: the next one does it again, and the job runs once',
  async (hook) => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const controlled = fs.readFileSync(path.join(rig.site, 'apps/controlled.yaml'), 'utf8').replace('executable', hook)
    rig.addApplication('hooked', `executable: [/bin/sh, -c, "echo ran >> ran"]\n${controlled}`)
    await rig.done(['spawn', '--app', 'hooked', '--workflow', 'w', '--name', 'a'])
    const first = await rig.launch()
    await rig.jobs.starts(1)
    await first.kill('SIGKILL')
    const second = await rig.launch()
    const [, again] = await rig.jobs.starts(2)
    again?.exit(0)
    await rig.reached('w/a', 'JOB_FINISHED')
    expect(fs.readFileSync(path.join(rig.folder('w/a'), 'ran'), 'utf8')).toBe('ran\n')
    expect(rig.state('w/a').attempt).toBe(1)
    await second.kill('SIGTERM')
  },
)

test('a job is killed during its hook', async () => {
  await using rig = await Rig.create()
  const controlled = fs
    .readFileSync(path.join(rig.site, 'apps/controlled.yaml'), 'utf8')
    .replace('executable', 'preprocess')
  rig.addApplication('hooked', `executable: "true"\n${controlled}`)
  await rig.done(['spawn', '--app', 'hooked', '--workflow', 'w', '--name', 'a'])
  const launcher = await rig.launch()
  await rig.jobs.starts(1)
  expect(await rig.done(['kill', 'w/a'])).toContain('killed')
  expect(rig.history('w/a')).toEqual(['CREATED', 'STAGED_IN', 'USER_KILLED'])
  await launcher.kill('SIGTERM')
})
