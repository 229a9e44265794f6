import fs from 'node:fs'
import { expect, test } from 'vitest'
import { PseudoTerminal } from '../rig/pseudo-terminal.ts'
import { Rig } from '../rig/rig.ts'

const ENTER = '\u001B[?1049h'
const LEAVE = '\u001B[?1049l'
const ERASE = '\r\u001B[K'

test('watch shows jobs, launchers and failures as they come, keeps to its size, and gives the terminal back', async () => {
  await using rig = await Rig.create()
  const spawn = (name: string): Promise<string> =>
    rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', name])
  for (const name of ['a', 'b']) await spawn(name)
  const launcher = await rig.launch(['--time-limit-minutes', '90'])
  const a = await rig.jobs.start('w/a')
  const b = await rig.jobs.start('w/b')
  // Only now: jobs of equal priority begin in any order.
  await spawn('c')
  using terminal = new PseudoTerminal(
    rig,
    'before=$(stty -g); $BJOB watch; [ "$before" = "$(stty -g)" ] && echo as before',
  )
  const shows = (text: RegExp): Promise<unknown> =>
    rig.until(
      String(text),
      () => text.test(terminal.picture),
      {},
      () => terminal.process.stdout.slice(-2000),
    )
  await shows(/0 of 3 ended/)
  await shows(/2 {2}RUNNING/)
  await shows(/\S+ +1 node .* 2\/2 slots .* left/)
  a.print('some words\nno such \u001B[31mactivation\n').exit(3)
  await shows(/1 of 3 ended, 1 failed/)
  await shows(/w\/a +exit 3: no such activation(\n|$)/)
  b.exit(0)
  await shows(/2 of 3 ended/)
  terminal.resize(60, 12)
  await rig.until('a smaller picture', () => {
    const lines = terminal.picture.trimEnd().split('\n')
    return lines.length <= 12 && lines.every((line) => line.length <= 60) && /2 of 3/.test(terminal.picture)
  })
  terminal.type('q')
  const { status, stdout } = await terminal.process.ended()
  expect(status).toBe(0)
  expect(stdout.split(ENTER)).toHaveLength(2)
  expect(stdout.slice(stdout.indexOf(LEAVE) + LEAVE.length)).toMatch(/^as before\r\n/)
  ;(await rig.jobs.start('w/c')).exit(0)
  await rig.reached('w/c', 'JOB_FINISHED')
  await launcher.kill('SIGTERM')
  const plain = await rig.done(['watch', '--workflow', 'w'])
  expect(plain).toContain('3 of 3 ended, 1 failed')
  expect(plain).not.toContain('\u001B')
  expect(JSON.parse(await rig.done(['watch', '--json']))).toMatchObject({
    total: 3,
    ended: 3,
    states: { JOB_FINISHED: 2, FAILED: 1 },
    launchers: [],
    launchers_ended: 1,
    failures: [{ id: 'w/a', reason: 'exit 3', output: 'no such activation' }],
  })
})

test.each(['SIGTERM', 'Ctrl-C'])('watch gives the terminal back at %s', async (how) => {
  await using rig = await Rig.create()
  using terminal = new PseudoTerminal(rig, 'echo "pid $$"; exec $BJOB watch')
  await rig.until('a picture', () => terminal.picture.includes('no jobs yet'))
  if (how === 'Ctrl-C') terminal.type('\u0003')
  else process.kill(Number(/pid (\d+)/.exec(terminal.process.stdout)?.[1]), 'SIGTERM')
  const { status, stdout } = await terminal.process.ended()
  expect(status).toBe(0)
  expect(stdout.trimEnd().endsWith(LEAVE)).toBe(true)
})

test('launch and wait draw one line at the bottom of a terminal, and take it away', async () => {
  await using rig = await Rig.create()
  for (const name of ['a', 'b']) await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', name])
  using terminal = new PseudoTerminal(
    rig,
    // The launcher ends after the other one, however slow that is: its last line is the last.
    '$BJOB launch --slots 2 --persistent & $BJOB wait; echo "status $?"; kill $!; wait',
  )
  const a = await rig.jobs.start('w/a')
  const b = await rig.jobs.start('w/b')
  a.exit(1)
  await rig.until('a line of wait', () => /░ 1 of 2 {2}1 failed/.test(terminal.process.stdout))
  await rig.until('a line of launch', () => /░ 1 of 2 {2}1 running {2}1 failed/.test(terminal.process.stdout))
  b.exit(0)
  const { stdout } = await terminal.process.ended()
  expect(stdout).toContain('status 1\r\n')
  expect(stdout.slice(stdout.lastIndexOf(ERASE) + ERASE.length)).toMatch(
    /^\S+: .* 1 finished, 1 failed, .*\r\nNext: bjob log w\/a\r\n$/,
  )
})

test('spawn --from shows how far it is below the ids, from the check to the last job, and takes the line away', async () => {
  await using rig = await Rig.create()
  const records = Array.from({ length: 450 }, (_, index) => JSON.stringify({ name: `t${index}`, application: 'yes' }))
  fs.writeFileSync(`${rig.site}/records.jsonl`, `${records.join('\n')}\n`)
  using terminal = new PseudoTerminal(rig, '$BJOB spawn --workflow w --from records.jsonl; echo "status $?"')
  const { stdout } = await terminal.process.ended()
  // After each group of ids, whatever the time: it is never away while there is more to come.
  const lines = [...stdout.matchAll(/(w\/t\d+)\r\n\S+ (\d+) of 450/g)].map(([, id, count]) => [id, count])
  expect(lines).toEqual([
    ['w/t199', '200'],
    ['w/t399', '400'],
    ['w/t449', '450'],
  ])
  expect(stdout).toContain('checking 450 jobs')
  expect(stdout.slice(stdout.lastIndexOf(ERASE) + ERASE.length)).toMatch(/^Next: bjob .*\r\nstatus 0\r\n$/)
})
