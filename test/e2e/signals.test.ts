/**
 * Every signal by which a scheduler ends an allocation or warns of that; SIGUSR1 would open Node's
 * debugger, by itself.
 */
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const WARNINGS = ['SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const

/** The processes below this one. */
function childrenOf(pid: number): number[] {
  return fs
    .readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => fs.readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))
    .flatMap((text) => (text === '' ? [] : [Number(text)]))
}

/** Node.js by itself does not: whoever does has its handlers in place. */
function catchesHangup(pid: number): boolean {
  const [, mask = '0'] = /^SigCgt:\s*(\S+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (BigInt(`0x${mask}`) & 1n) === 1n
}

describe.concurrent('signals of a scheduler', () => {
  test.each([...WARNINGS, 'SIGHUP'] as const)('%s to a launcher: its jobs end in good order', async (signal) => {
    await using rig = await Rig.create()
    rig.addApplication(
      'saves',
      `executable: [sh, -c, "trap 'echo saved; exit 9' TERM; echo begun; while :; do sleep 0.1; done"]\n`,
    )
    await rig.done(['spawn', '--app', 'saves', '--name', 'a'])
    const launcher = await rig.launch()
    const output = () => (fs.existsSync(`${rig.folder('default/a')}/job.out`) ? rig.done(['log', 'default/a']) : '')
    await rig.until('the job to begin', async () => (await output()).includes('begun'))
    const { status, stdout, stderr } = await launcher.kill(signal)
    expect(status).toBe(0)
    expect(stdout).toContain(`stopped by ${signal}`)
    expect(stdout + stderr).not.toContain('Debugger')
    expect(rig.state('default/a').state).toBe('RESTART_READY')
    // The shell's own words, of a sleep that the signal has ended, may stand between these.
    expect((await output()).match(/^(begun|saved)$/gm)).toEqual(['begun', 'saved'])
  })

  test('a warning that comes again does not hurry', async () => {
    await using rig = await Rig.create({ settings: 'lease_seconds: 3\ngrace_seconds: 60\ndurability: process\n' })
    await rig.done(['spawn', '--app', 'controlled', '--name', 'a'])
    const launcher = await rig.launch()
    const job = await rig.jobs.start('default/a')
    job.ignoreTerm()
    launcher.signal('SIGUSR2')
    await launcher.printed('stopped by SIGUSR2')
    for (const signal of [...WARNINGS, ...WARNINGS]) launcher.signal(signal)
    // The job lets TERM pass, and says for itself how it ends.
    await rig.done(['ls'])
    expect(job.hasEnded).toBe(false)
    job.exit(0)
    expect((await launcher.ended()).status).toBe(0)
    expect(rig.state('default/a').state).toBe('JOB_FINISHED')
  })

  test('an agent takes no notice', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'controlled', '--name', 'a'])
    const launcher = await rig.launch()
    const job = await rig.jobs.start('default/a')
    const agents = childrenOf(launcher.pid)
    expect(agents).toHaveLength(1)
    for (const pid of agents)
      for (const signal of [...WARNINGS, 'SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal)
    job.exit(0)
    await rig.reached('default/a', 'JOB_FINISHED')
    const { status, stdout, stderr } = await launcher.kill('SIGTERM')
    expect(status).toBe(0)
    expect(stdout + stderr).not.toMatch(/Debugger|lost its lease/)
  })

  test.each([['results', '--follow'], ['wait', 'default/a'], ['session']])(
    '`bjob %s` opens no debugger either',
    async (...words) => {
      await using rig = await Rig.create()
      await rig.done(['spawn', '--app', 'controlled', '--name', 'a'])
      const command = rig.start(words)
      await rig.until('it to listen', () => command.hasExited || catchesHangup(command.pid))
      const { stdout, stderr } = await command.kill('SIGUSR1')
      expect(stdout + stderr).not.toContain('Debugger')
    },
  )
})
