import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PseudoTerminal } from '../rig/pseudo-terminal.ts'
import { Rig } from '../rig/rig.ts'
import { SlurmStandIn } from '../rig/slurm-stand-in.ts'
import { toolPath } from '../rig/tool-path.ts'

/** The next step that a terminal shows: `Next: COMMAND`, or the first of a list with reasons. */
function suggestion(text: string): string | undefined {
  return /^Next: (.+)$/m.exec(text)?.[1] ?? /^Next:\n {2}(\S+(?: \S+)*)/m.exec(text)?.[1]
}

test('from npm install to the first finished job in five commands, each suggested by the one before', async () => {
  await using rig = await Rig.create()
  const home = path.join(rig.outside, 'home')
  fs.mkdirSync(home)
  const prefix = path.join(home, '.local')
  // As README has it, without the build, which the tests have behind them.
  execFileSync('npm', ['install', '-g', '--ignore-scripts', '--offline', '--prefix', prefix, path.resolve('.')], {
    stdio: 'pipe',
  })
  const environment = { HOME: home, PATH: toolPath(path.join(rig.outside, 'tools'), path.join(prefix, 'bin')) }
  const commands: string[] = []
  let folder = home
  const follow = async (command: string): Promise<string> => {
    commands.push(command)
    using terminal = new PseudoTerminal(
      rig,
      `cd ${folder}\n${command}\nstatus=$?\necho "now in $(pwd)"\nexit $status`,
      environment,
    )
    const { status, stdout } = await terminal.process.ended()
    expect(status, stdout).toBe(0)
    const text = stdout.replaceAll('\r', '')
    folder = /^now in (.+)$/m.exec(text)?.[1] ?? folder
    return text
  }
  const isFinished = (): boolean =>
    fs.existsSync(path.join(folder, 'jobs/default/first/state.yaml')) &&
    fs.readFileSync(path.join(folder, 'jobs/default/first/state.yaml'), 'utf8').startsWith('state: JOB_FINISHED')
  let next: string | undefined = 'bjob'
  while (next !== undefined && !isFinished() && commands.length < 8) next = suggestion(await follow(next))
  expect(commands).toEqual([
    'bjob',
    'bjob init mysite',
    "cd mysite && bjob app add hello --executable 'echo hello'",
    'bjob spawn --app hello --name first',
    'bjob launch',
  ])
  expect(next).toBe('bjob log default/first')
  expect(await follow('bjob log default/first')).toContain('\nhello\n')
  expect(fs.realpathSync(path.join(prefix, 'share/man/man1/bjob.1'))).toBe(path.resolve('dist/bjob.1'))
})

test('bjob alone says the next step, wherever one stands', async () => {
  await using rig = await Rig.create()
  const slurm = new SlurmStandIn(rig.outside)
  const PATH = toolPath(path.join(rig.outside, 'tools'))
  const stand = async (env: NodeJS.ProcessEnv = { PATH }, cwd = rig.site): Promise<string[]> => {
    const text = await rig.done([], { env, cwd })
    return [...text.slice(text.indexOf('Next:')).matchAll(/^ {2}(bjob \S+(?: \S+)*) /gm)].map(
      ([, command]) => command ?? '',
    )
  }
  const spawn = (name: string, app: string) => rig.done(['spawn', '--app', app, '--workflow', 'w', '--name', name])
  expect(await stand({ PATH }, rig.outside)).toEqual(['bjob init mysite', 'bjob --help'])
  expect(await stand()).toEqual(['bjob spawn --app controlled --name first', 'bjob --help'])
  await spawn('a', 'controlled')
  expect(await stand()).toEqual(['bjob launch', 'bjob --help'])
  expect(await stand(slurm.env)).toEqual(['bjob submit -n 1 -t 60', 'bjob launch', 'bjob --help'])
  expect(await stand({ ...slurm.env, SLURM_JOB_ID: '7', SLURM_JOB_NODELIST: 'n1' })).toEqual([
    'bjob launch',
    'bjob --help',
  ])
  slurm.set('hold', '')
  await rig.done(['submit', '-n', '1', '-t', '60'], { env: slurm.env })
  expect(await stand(slurm.env)).toEqual(['bjob ls launchers', 'bjob --help'])
  const launcher = await rig.launch()
  const a = await rig.jobs.start('w/a')
  expect(await stand()).toEqual(['bjob watch', 'bjob --help'])
  a.exit(0)
  await rig.reached('w/a', 'JOB_FINISHED')
  expect(await stand()).toEqual(['bjob results', 'bjob report', 'bjob --help'])
  await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'wide', '--num-nodes', '9'])
  expect(await stand()).toEqual(['bjob why w/wide', 'bjob watch', 'bjob --help'])
  await rig.done(['kill', 'w/wide'])
  await spawn('b', 'no')
  await rig.reached('w/b', 'FAILED')
  expect(await stand()).toEqual(['bjob log w/b', 'bjob retry w/b', 'bjob --help'])
  await spawn('c', 'no')
  await rig.reached('w/c', 'FAILED')
  expect(await stand()).toEqual(['bjob log w/c', 'bjob ls --state FAILED', 'bjob --help'])
  await launcher.kill('SIGTERM')
  for (const app of ['controlled', 'yes', 'no']) await rig.done(['app', 'rm', app])
  expect(await stand()).toEqual(["bjob app add hello --executable 'echo hello'", 'bjob --help'])
})
