/** A user of Slurm types its words. */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Rig } from '../rig/rig.ts'

function specIn(rig: Rig, name: string): Record<string, unknown> {
  return parse(fs.readFileSync(path.join(rig.folder(`default/${name}`), 'job.yaml'), 'utf8')) as Record<string, unknown>
}

describe('the words of other tools', () => {
  test.each([
    [['-c', '4', '--mem-bind=no'], 'unknown option --mem-bind'],
    [['--cores', '4', '--threads-per-rank', '2'], '--threads-per-rank given 2 times'],
    [['-n', '3', '-N', '2'], '--ntasks 3 cannot be divided equally among 2 nodes'],
    [['-t', '10', '--timeout', '20'], 'timeout_minutes given twice: as --time and by another option'],
    [
      ['-t', '1:99'],
      '--time must be a number of minutes, or a time such as 90s, 30m, 1h30m, 1:00:00 or 1-12:00, not "1:99"',
    ],
    [['--walltime', 'soon'], 'wall_time_minutes must be a number of minutes, or a time such as 90s'],
  ])('%j is refused: %s', async (words, problem) => {
    await using rig = await Rig.create()
    const { status, stderr } = await rig.bjob(['spawn', '--app', 'yes', '--name', 'a', ...words])
    expect({ status, first: stderr.split('\n')[0] }).toEqual({ status: 2, first: expect.stringContaining(problem) })
    expect(rig.ids()).toEqual([])
  })

  test('for what a job needs are understood', async () => {
    await using rig = await Rig.create()
    const specOf = async (name: string, ...words: string[]): Promise<Record<string, unknown>> => {
      await rig.done(['spawn', '--app', 'yes', '--name', name, ...words])
      return specIn(rig, name)
    }
    expect(await specOf('a', '-c', '4', '-t', '1:00:00')).toMatchObject({
      threads_per_rank: 4,
      wall_time_minutes: 60,
      timeout_minutes: 60,
    })
    expect(await specOf('b', '-N2', '-n', '8', '-G', '16', '--walltime=90s')).toMatchObject({
      num_nodes: 2,
      ranks_per_node: 4,
      gpus_per_rank: 2,
      wall_time_minutes: 1.5,
    })
    const { stdout } = await rig.bjob(['spawn', '--from', '-'], {
      input: JSON.stringify({ name: 'c', application: 'yes', wall_time_minutes: '1-12:00', retry_delay_seconds: '2m' }),
    })
    expect(stdout).toBe('default/c\n')
    expect(specIn(rig, 'c')).toMatchObject({ wall_time_minutes: 2160, retry_delay_seconds: 120 })
  })

  test('for a command name the command of bjob', async () => {
    await using rig = await Rig.create()
    for (const [word, command] of [
      ['status', 'ls --by-state'],
      ['squeue', 'ls --by-state'],
      ['run', 'launch'],
      ['scancel', 'kill'],
      ['tail', 'log'],
      ['delete', 'rm'],
    ] as const) {
      const { status, stderr } = await rig.bjob([word])
      expect({ status, stderr }).toEqual({
        status: 2,
        stderr: `bjob: unknown command ${word}; use \`bjob ${command}\`\nhint: \`bjob ${command.split(' ')[0]} --help\` describes it\n`,
      })
    }
    expect((await rig.bjob(['foo'])).stderr).toBe('bjob: unknown command foo\nhint: `bjob --help` lists them\n')
  })
})
