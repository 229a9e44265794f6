/**
 * Every transition of the table is taken, by real commands on a real tree; one that is in the table
 * and that nothing here takes fails.
 */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type State, TRANSITIONS, isState } from '../../src/core/life/states.ts'
import { Rig } from '../rig/rig.ts'
import type { ControlledJob } from '../rig/controlled-jobs.ts'

const BJOB = `${process.execPath} ${path.resolve(import.meta.dirname, '../../bin/bjob.js')}`

const PASSED: readonly State[] = ['CREATED', 'AWAITING_PARENTS', 'READY', 'STAGED_IN', 'PREPROCESSED', 'POSTPROCESSED']

/**
 * The steps of the table from one entry of a history to the next: those between had nothing to do,
 * and were passed in the same write.
 */
function stepsBetween(from: State, to: State): string[] {
  const cameFrom = new Map<State, State>()
  for (const open: State[] = [from]; open.length > 0;) {
    const state = open.shift() ?? from
    for (const next of TRANSITIONS[state]) {
      if (next === to) {
        const steps = [`${state} ${next}`]
        for (let at = state; at !== from; at = cameFrom.get(at) ?? from) steps.push(`${cameFrom.get(at)} ${at}`)
        return steps
      }
      if (cameFrom.has(next) || !PASSED.includes(next)) continue
      cameFrom.set(next, state)
      open.push(next)
    }
  }
  throw new Error(`nothing leads from ${from} to ${to}`)
}

function stepsIn(rig: Rig): Set<string> {
  const steps = new Set<string>()
  for (const id of rig.ids()) {
    const states = rig.history(id).filter(isState)
    for (const [at, state] of states.slice(1).entries()) {
      const before = states[at]
      if (before !== undefined && before !== state) for (const step of stepsBetween(before, state)) steps.add(step)
    }
  }
  return steps
}

test('every transition of the table is reached', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  const controlled = fs.readFileSync(path.join(rig.site, 'apps/controlled.yaml'), 'utf8')
  const hook = (name: string): string => controlled.replace('executable', name)
  const says = (words: string): string => `postprocess: [/bin/sh, -c, 'exec ${BJOB} set ${words}']\n`
  rig.addApplication('pre', `executable: "true"\n${hook('preprocess')}`)
  rig.addApplication('post', `executable: "true"\n${hook('postprocess')}`)
  rig.addApplication('post-error', `executable: "false"\n${hook('postprocess')}`)
  rig.addApplication('post-slow', `executable: [sleep, "60"]\n${hook('postprocess')}`)
  rig.addApplication('slow', 'executable: [sleep, "60"]\n')
  rig.addApplication('slow-enough', `executable: [sleep, "60"]\n${says('state=JOB_FINISHED')}`)
  rig.addApplication('wrong-enough', `executable: "false"\n${says('state=JOB_FINISHED')}`)
  rig.addApplication('done-badly', `executable: "true"\n${says('state=FAILED')}`)
  rig.addApplication('post-fails', 'executable: "true"\npostprocess: "false"\n')
  rig.addApplication('pre-fails', 'executable: "true"\npreprocess: "false"\n')
  const spawn = async (name: string, app = 'yes', ...options: string[]): Promise<void> => {
    await rig.done(['spawn', '--workflow', 'w', '--name', name, '--app', app, ...options])
  }
  const runAll = (): Promise<string> => rig.done(['launch', '--idle-seconds', '0.3', '--slots', '4'])
  const OVERRUN = ['--timeout-minutes', '0.005']

  await spawn('well')
  await spawn('after', 'yes', '--parents', 'w/well')
  await spawn('badly', 'no')
  await spawn('after-badly', 'yes', '--parents', 'w/badly')
  await spawn('again', 'no', '--max-retries', '1')
  await spawn('late', 'slow', ...OVERRUN)
  await spawn('late-enough', 'slow-enough', ...OVERRUN, '--post-timeout-handler')
  await spawn('wrong-enough', 'wrong-enough', '--post-error-handler')
  await spawn('done-badly', 'done-badly')
  await spawn('post-fails', 'post-fails')
  await spawn('pre-fails', 'pre-fails')
  await spawn('killed')
  await spawn('killed-child', 'yes', '--parents', 'w/killed')
  await rig.done(['kill', 'w/killed-child', 'w/killed'])
  await runAll()

  // A parent that goes once the child was born free; what is tried again, and killed, or fails for
  // a parent that it got meanwhile.
  await spawn('orphan', 'yes', '--parents', 'w/well')
  await rig.done(['rm', 'w/well'])
  await rig.done(['retry', 'w/badly', 'w/killed', 'w/pre-fails', 'w/done-badly'])
  await rig.done(['kill', 'w/killed'])
  await spawn('doomed')
  await rig.done(['dep', 'w/doomed', 'w/done-badly'])
  await rig.done(['kill', 'w/doomed'])
  // Files of a parent that cannot be taken: spawn refuses such a pattern, an editor does not.
  await spawn('giver', 'yes')
  await spawn('taker', 'yes', '--parents', 'w/giver', '--input-files', 'out.dat')
  const edited = path.join(rig.folder('w/taker'), 'job.yaml')
  fs.writeFileSync(edited, fs.readFileSync(edited, 'utf8').replace('out.dat', '../escape'))
  // Files that cannot be staged; a job that has run well is tried again from there.
  await spawn('unstaged', 'yes', '--stage-in-url', '/no/such/thing')
  await spawn('unwanted', 'yes', '--stage-out-url', path.join(rig.site, 'bjob.yaml/x'), '--stage-out-files', 'job.out')
  await runAll()
  await rig.done(['retry', 'w/unwanted'])
  await runAll()
  expect(rig.state('w/orphan').history.at(-1)?.message).toBe('parent w/well is gone')

  // Killed while files are staged, which does not end by itself.
  const tools = path.join(rig.outside, 'tools')
  fs.mkdirSync(tools)
  for (const name of ['ssh', 'scp'])
    fs.writeFileSync(path.join(tools, name), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
  await spawn('k-in', 'yes', '--stage-in-url', 'scp:far:x')
  await spawn('k-out', 'yes', '--stage-out-url', 'scp:far:x', '--stage-out-files', 'job.out')
  const stager = rig.start(['launch', '--persistent', '--slots', '2'], {
    env: { PATH: `${tools}:${process.env['PATH']}` },
  })
  for (const [name, state] of [
    ['k-in', 'READY'],
    ['k-out', 'POSTPROCESSED'],
  ] as const) {
    await rig.reached(`w/${name}`, state)
    await rig.done(['kill', `w/${name}`])
    expect(rig.state(`w/${name}`).state).toBe('USER_KILLED')
  }
  await stager.kill('SIGTERM')

  // Killed in each hook, and while it runs.
  const first = await rig.launch()
  const killIn = async (name: string, app: string, ...options: string[]): Promise<void> => {
    await spawn(name, app, ...options)
    await rig.until(`the hook of ${name}`, () => rig.jobs.started.some(({ id }) => id === `w/${name}`))
    await rig.done(['kill', `w/${name}`])
    expect(rig.state(`w/${name}`).state).toBe('USER_KILLED')
  }
  await killIn('k-run', 'controlled')
  await killIn('k-pre', 'pre')
  await killIn('k-post', 'post')
  await killIn('k-error', 'post-error', '--post-error-handler')
  await killIn('k-late', 'post-slow', ...OVERRUN, '--post-timeout-handler')

  // A launcher that is stopped during a preprocess, which ends well all the same; and one that is
  // killed.
  await spawn('p-killed', 'pre')
  await spawn('p-orphan', 'pre')
  const started = (name: string): ControlledJob | undefined => rig.jobs.started.find(({ id }) => id === `w/${name}`)
  await rig.until('both to be prepared', () => started('p-killed') !== undefined && started('p-orphan') !== undefined)
  const prepared = [started('p-killed'), started('p-orphan')]
  for (const job of prepared) job?.ignoreTerm()
  const stopped = first.kill('SIGTERM')
  for (const job of prepared) {
    await rig.until('it to hear of the stop', () => job?.signals.includes('SIGTERM'))
    job?.exit(0)
  }
  await stopped
  await rig.done(['kill', 'w/p-killed'])
  await spawn('doomed2')
  await rig.done(['dep', 'w/doomed2', 'w/p-orphan'])
  await rig.done(['kill', 'w/doomed2'])
  await spawn('cut-off', 'controlled')
  const second = await rig.launch()
  await rig.jobs.start('w/cut-off')
  await second.kill('SIGKILL')
  const third = await rig.launch()
  await rig.jobs.start('w/cut-off', 2)
  await third.kill('SIGTERM')

  const table = Object.entries(TRANSITIONS).flatMap(([from, all]) => all.map((to) => `${from} ${to}`))
  const reached = stepsIn(rig)
  expect(table.filter((step) => !reached.has(step)).toSorted()).toEqual([])
})
