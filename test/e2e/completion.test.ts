/** In real shells, by their own Tab. */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { placesAt } from '../../src/cli/completion/complete.ts'
import { needs } from '../rig/needs.ts'
import { PseudoTerminal } from '../rig/pseudo-terminal.ts'
import { Rig } from '../rig/rig.ts'

const SHELLS = [
  ['bash', 'exec bash --norc --noprofile -i', 'source <(bjob completion bash)'],
  ['zsh', 'exec zsh -f -i', 'autoload -U compinit; compinit -D -u; source <(bjob completion zsh)'],
  ['fish', 'exec fish --no-config', 'bjob completion fish | source'],
] as const

/** The typed text before and after the Tab, and the command's output. */
const WORDS = [
  ['bjob path dl-hps/al', '', 'FOLDER/dl-hps/alpha'],
  ['bjob path dl-hps/b@', '', 'FOLDER/dl-hps/b@1=c'],
  // Twice: the workflow, then the only job in it.
  ['bjob path on', '\t', 'FOLDER/only/this'],
  ['bjob path fir', '', 'FOLDER/default/first'],
  ['bjob pat', 'first', 'FOLDER/default/first'],
  ['bjob ls --by-', '', 'total'],
  ['bjob ls --limit 1 --state CRE', '--fields workflow', 'WORKFLOW'],
  ['bjob ls --limit 1 --state=CRE', '--fields name', 'NAME'],
  ['bjob ls --limit 1 --app contr', '--fields app', 'APP'],
  ['bjob log node7', '', 'what node7 did'],
  ['bjob cat dl-hps/alpha jo', '', 'application: controlled'],
  ['bjob spawn --app yes --workflow w --name file --input-files inp', '', 'w/file'],
  ['bjob init fol', ' --template shell', 'OUTSIDE/folder of mine\r\n'],
] as const

async function makeSite(): Promise<Rig> {
  const rig = await Rig.create()
  for (const id of ['dl-hps/alpha', 'dl-hps/b@1=c', 'only/this', 'default/first']) {
    const [workflow = '', name = ''] = id.split('/')
    await rig.done(['spawn', '--app', 'controlled', '--workflow', workflow, '--name', name])
  }
  const launcher = path.join(rig.site, 'launchers/node7-1-aaaaaa')
  fs.mkdirSync(launcher, { recursive: true })
  fs.writeFileSync(path.join(launcher, 'launcher.log'), 'what node7 did\n')
  fs.writeFileSync(path.join(rig.site, 'input.dat'), 'x\n')
  return rig
}

describe('completion', () => {
  for (const [shell, start, source] of SHELLS)
    test(`in ${shell}`, needs('script', shell), async () => {
      await using rig = await makeSite()
      fs.mkdirSync(path.join(rig.outside, 'bin'))
      fs.mkdirSync(path.join(rig.outside, 'folder of mine'))
      fs.symlinkSync(path.resolve('bin/bjob.js'), path.join(rig.outside, 'bin/bjob'))
      const environment = {
        PATH: `${rig.outside}/bin:${process.env['PATH']}`,
        HOME: rig.outside,
        BJOB_SITE: rig.site,
        TERM: 'xterm',
      }
      using terminal = new PseudoTerminal(rig, start, environment)
      const output = (): string => terminal.process.stdout
      terminal.type(`${source}; echo rea''dy\r`)
      await rig.until('the shell', () => output().includes('ready'), {}, output)
      for (const [typed, rest, expected] of WORDS) {
        const from = output().length
        const shown = expected.replace('FOLDER', path.join(rig.site, 'jobs')).replace('OUTSIDE', rig.outside)
        const folder = typed.startsWith('bjob init') ? rig.outside : rig.site
        terminal.type(`cd ${folder}\r${typed}\t${rest}\r`)
        await rig.until(`${typed} to become ${shown}`, () => output().slice(from).includes(shown), {}, output)
      }
      expect(fs.readdirSync(rig.folder('w/file'))).toContain('input.dat')
      terminal.type('\rexit\r')
      await terminal.process.ended()
    })

  test('says what things are where the shell shows it, and nothing where there is no site', async () => {
    await using rig = await makeSite()
    const ask = (...words: string[]): Promise<string> => rig.done(['--complete', ...words])
    expect(await ask('fish', 'bjob comp')).toBe('completion\tprint a completion script for bash, zsh or fish\n')
    expect(await ask('bash', 'bjob ls --workflow=dl', 'dl')).toBe('dl-hps\n')
    expect(await ask('bash', "bjob show 'dl-hps/al")).toBe('dl-hps/alpha\n')
    expect(await ask('bash', 'bjob show dl-hps/alpha')).toBe('dl-hps/alpha\n')
    expect(await ask('zsh', 'bjob spawn -- ')).toBe(':files\n')
    expect(await ask('bash', 'bjob show -- dl-hps/al')).toBe('dl-hps/alpha\n')
    expect(await ask('zsh', 'bjob set x nu')).toBe('num_nodes=\n')
    for (const line of ['bjob nothing ', 'bjob show nowhere/', 'bjob show ../'])
      expect(await ask('bash', line)).toBe('')
    for (const line of ['bjob show ', 'bjob ls --app ', 'bjob kill --launcher '])
      expect(await rig.done(['--complete', 'bash', line], { cwd: rig.outside })).toBe('')
    const { status, stderr } = await rig.bjob(['completion', 'tcsh'])
    expect([status, stderr]).toEqual([2, 'bjob: no completion for tcsh\nhint: supported shells: bash, zsh, fish\n'])
  })
})

test.each([
  ['', 0, []],
  ['[ID]', 0, ['ID']],
  ['[ID]', 1, []],
  ['[ID…] FIELD=VALUE…', 3, ['ID', 'FIELD=VALUE']],
  ['[ID…] [[NAME:]FIELD=VALUE…]', 0, ['ID', 'FIELD=VALUE']],
  ['PARENT CHILD', 0, ['PARENT']],
  ['PARENT CHILD', 1, ['CHILD']],
  ['[jobs|apps] [ID…]', 0, ['jobs|apps', 'ID']],
  ['[jobs|apps] [ID…]', 2, ['ID']],
  ['SPACE.yaml [-- ARG…]', 1, []],
])('of the usage %j, word %i is %j', (usage, position, places) => expect(placesAt(usage, position)).toEqual(places))
