/**
 * The world that a job finds: its folder, its variables, and words that say why it could not be
 * started.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

test("PWD is the job's folder for job and hook, and bjob's own variables are what bjob says", async () => {
  await using rig = await Rig.create()
  const say = `sh -c 'tr "\\\\0" "\\\\n" </proc/self/environ >$0'`
  rig.addApplication('say', `executable: ${say} job.env\npreprocess: ${say} hook.env\nshell: true\n`)
  const wrong = ['BJOB_LAUNCHER', 'BJOB_HOOK', 'BJOB_JOB_ID', 'BJOB_SITE', 'BJOB_ERROR', 'PWD', 'OLDPWD']
  const options = [...wrong, 'MINE'].flatMap((name) => ['--env', `${name}=mine`])
  await rig.done(['spawn', '--workflow', 'w', '--name', 'a', '--app', 'say', ...options])
  // As of a launcher that is a hook of another job, in another folder.
  const env = { BJOB_HOOK: 'postprocess', BJOB_TIMEOUT: 'TRUE', OLDPWD: '/', PWD: '/' }
  await rig.done(['launch', '--idle-seconds', '0.1'], { env })
  const [launcher = ''] = fs.readdirSync(path.join(rig.site, 'launchers'))
  const own = {
    BJOB_LAUNCHER: launcher,
    BJOB_JOB_ID: 'w/a',
    BJOB_SITE: rig.site,
    PWD: rig.folder('w/a'),
    MINE: 'mine',
  }
  for (const [file, hook] of [
    ['job.env', {}],
    ['hook.env', { BJOB_HOOK: 'preprocess' }],
  ] as const) {
    const lines = fs.readFileSync(path.join(rig.folder('w/a'), file), 'utf8').split('\n')
    const variables = Object.fromEntries(
      lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
    )
    expect(variables).toMatchObject({ ...own, ...hook })
    const absent = ['OLDPWD', 'BJOB_ERROR', 'BJOB_TIMEOUT', ...('BJOB_HOOK' in hook ? [] : ['BJOB_HOOK'])]
    expect(absent.filter((name) => name in variables)).toEqual([])
  }
})

describe('a program that is there and cannot be started: the interpreter that is missing is named', () => {
  test.each([
    [
      'a script with line ends of another system',
      '#!/bin/sh\r\necho hi\r\n',
      /"\/bin\/sh\\r", which does not exist.*carriage return/,
    ],
    [
      'a script whose interpreter is not installed',
      '#! /opt/no/python -u\n',
      /"\/opt\/no\/python", which does not exist$/,
    ],
    ['a program whose loader is not installed', undefined, /"\/no\/loader.*", which does not exist$/],
  ])('%s', async (_, text, said) => {
    await using rig = await Rig.create()
    const file = path.join(rig.outside, 'run')
    fs.writeFileSync(file, text ?? withLoader('/no/loader'), { mode: 0o755 })
    rig.addApplication('run', `executable: ${file}\n`)
    await rig.done(['spawn', '--workflow', 'w', '--name', 'a', '--app', 'run'])
    await rig.bjob(['launch', '--idle-seconds', '0.1'])
    expect(rig.state('w/a').state).toBe('FAILED')
    expect(rig.lastWords('w/a')).toMatch(said)
    expect(rig.lastWords('w/a')).toContain(file)
  })
})

/** A program of this machine whose head names another loader. */
function withLoader(loader: string): Buffer {
  const program = fs.readFileSync('/bin/sh')
  const at = program.indexOf('/lib')
  const end = program.indexOf(0, at)
  return Buffer.concat([program.subarray(0, at), Buffer.from(loader.padEnd(end - at, '_')), program.subarray(end)])
}
