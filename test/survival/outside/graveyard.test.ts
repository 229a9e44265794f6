/**
 * Every kind of thing in every place of a job's folder, while launcher, reader and fsck run: the
 * others do not notice.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { isEnded } from '../../../src/core/life/states.ts'
import type { RunningProcess } from '../../rig/running-process.ts'
import { Hands } from './hands.ts'
import { ODDITIES_HERE, type Oddity, lineOf } from './oddities.ts'
import { say } from '../tally.ts'

/**
 * In a job's folder; `.` is the folder itself. bjob's own are always reported, the others only if
 * they are not files.
 */
const OWN = ['job.yaml', 'state.yaml', '.']
const OTHERS = [
  'job.out',
  'job.out.2',
  'result.dat',
  'progress.dat',
  'data.json',
  'in.dat',
  '.verdict',
  '.lock',
  '.revision-2',
]

interface Grave {
  readonly id: string
  readonly place: string
  readonly oddity: Oddity
}

const GRAVES: readonly Grave[] = ODDITIES_HERE.flatMap((oddity) =>
  [...OWN, ...OTHERS].map((place) => ({
    id: `graves/${oddity.name}-${place === '.' ? 'itself' : place.replace(/^\./, 'dot-')}`,
    place,
    oddity,
  })),
)

const INPUT = { input_files: 'in.dat', data: { a: 1 } }
const WORK = '[ -L result.dat ] || echo 7 >result.dat; [ -L progress.dat ] || echo 1 7 >progress.dat'
const BEFORE = ['good/before1', 'good/before2', 'good/before3']
const AFTER = ['good/after1', 'good/after2', 'good/after3']

const digging = (hands: Hands, { id, place, oddity }: Grave): string =>
  lineOf(oddity, path.join(hands.rig.folder(id), place), {
    neighbour: path.join(hands.rig.folder('good/before1'), place),
    outside: hands.precious,
  })

/** A change needs an existing entry. */
const canDig = (hands: Hands, { id, place, oddity }: Grave): boolean =>
  oddity.make.startsWith('rm ') || fs.existsSync(path.join(hands.rig.folder(id), place))

/** True if fsck has to name it. */
function isTold({ place, oddity }: Grave): boolean {
  if (oddity.isWhole) return false
  if (OWN.includes(place)) return true
  return oddity.isNoFile === true && place !== 'in.dat'
}

/** Waits for the good ones, and for their ends to be delivered. */
async function othersGoOn(hands: Hands, reader: RunningProcess): Promise<void> {
  for (const id of [...BEFORE, ...AFTER]) await hands.rig.reached(id, 'JOB_FINISHED')
  await hands.goodAreDelivered(reader, [...BEFORE, ...AFTER])
}

/** Settled: nothing that the launcher could still do. */
async function untilQuiet(hands: Hands, graves: readonly Grave[], launcher: RunningProcess): Promise<void> {
  const isWhole = ({ place, oddity }: Grave): boolean =>
    !OWN.includes(place) || (oddity.isWhole === true && oddity.name !== 'immutable')
  const runnable = graves.filter(isWhole)
  const open = (): string[] => runnable.map(({ id }) => id).filter((id) => !isEnded(hands.rig.state(id).state))
  await hands.rig.until(
    'the other graves to end',
    () => open().length === 0,
    {},
    () => `${open().join(' ')}\n${launcher.stdout.slice(-2000)}`,
  )
}

interface Found {
  readonly path: string
  readonly message: string
}

async function fsck(hands: Hands, ...args: readonly string[]): Promise<Found[]> {
  const { status, stdout, stderr } = await hands.run(['fsck', '--json', ...args])
  expect([0, 3], stderr).toContain(status)
  expect(stderr).toBe('')
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Found)
}

function expectTold(hands: Hands, graves: readonly Grave[], found: readonly Found[]): void {
  const untold = graves.filter((grave) => {
    const name = path.relative(hands.rig.site, path.join(hands.rig.folder(grave.id), grave.place))
    return isTold(grave) && !found.some((one) => one.path === name || one.path.startsWith(`${name}/`))
  })
  expect(untold.map(({ id }) => id)).toEqual([])
}

const lines = (ids: readonly string[], line = WORK): Record<string, string> =>
  Object.fromEntries(ids.map((id) => [id, line]))

describe('every kind of thing in every place of a job’s folder', () => {
  test('before the job runs', async () => {
    await using hands = await Hands.create()
    fs.writeFileSync(path.join(hands.rig.site, 'in.dat'), 'x\n')
    await hands.spawn({ ...lines(BEFORE), ...lines(GRAVES.map(({ id }) => id)) }, INPUT)
    const graves = GRAVES.filter((grave) => canDig(hands, grave))
    hands.shell(graves.map((grave) => digging(hands, grave)).join('\n'))
    const { launcher, reader } = await hands.launchAndFollow()
    const looking = fsck(hands)
    await hands.spawn(lines(AFTER))
    await othersGoOn(hands, reader)
    await looking
    await untilQuiet(hands, graves, launcher)
    expectTold(hands, graves, await fsck(hands))
    await fsck(hands, '--repair')
    await hands.finish(launcher, reader)
    say(`GRAVEYARD: ${graves.length} before a job runs`)
  })

  test('while it runs, put there by the job itself', async () => {
    await using hands = await Hands.create()
    fs.writeFileSync(path.join(hands.rig.site, 'in.dat'), 'x\n')
    // A job cannot do things that need root.
    const graves = GRAVES.filter(({ oddity, place }) => oddity.needs === undefined && place !== '.')
    const dig = (grave: Grave): string => `${WORK}; ${digging(hands, grave)}; sleep 0.1`
    await hands.spawn(lines(BEFORE), INPUT)
    const { launcher, reader } = await hands.launchAndFollow()
    await hands.spawn(Object.fromEntries(graves.map((grave) => [grave.id, dig(grave)])), INPUT)
    const looking = fsck(hands)
    await hands.spawn(lines(AFTER))
    await othersGoOn(hands, reader)
    await looking
    await untilQuiet(hands, graves, launcher)
    // Each attempt wrote its output while its name was there to be opened.
    const later = graves.filter(({ place }) => place !== '.lock' && place !== '.revision-2')
    expectTold(hands, later, await fsck(hands))
    await fsck(hands, '--repair')
    await hands.finish(launcher, reader)
    say(`GRAVEYARD: ${graves.length} while a job runs`)
  })

  test('after it has ended, for whoever asks for it then', async () => {
    await using hands = await Hands.create()
    fs.writeFileSync(path.join(hands.rig.site, 'in.dat'), 'x\n')
    await hands.spawn({ ...lines(BEFORE), ...lines(GRAVES.map(({ id }) => id)) }, INPUT)
    const { launcher, reader } = await hands.launchAndFollow()
    for (const { id } of GRAVES) await hands.rig.reached(id, 'JOB_FINISHED')
    const graves = GRAVES.filter((grave) => canDig(hands, grave))
    hands.shell(graves.map((grave) => digging(hands, grave)).join('\n'))
    const late = hands.follow('late')
    const answers = await Promise.all([
      hands.run(['ls', '--history']),
      hands.run(['report', '--json']),
      hands.run(['clone', '--name', 'future-*', '--to', 'clones']),
      hands.run(['retry', '--workflow', 'graves']),
      fsck(hands),
    ])
    for (const { status, stderr } of [answers[0], answers[1]]) expect([status, stderr]).toEqual([0, ''])
    for (const answer of answers.slice(2, 4)) expect(answer).toMatchObject({ signal: null })
    await hands.spawn(lines(AFTER))
    await othersGoOn(hands, reader)
    const good = [...BEFORE, ...AFTER]
    await hands.goodAreDelivered(late, good)
    expectTold(hands, graves, await fsck(hands))
    await hands.finish(launcher, late)
    await hands.finish(undefined, reader)
    say(`GRAVEYARD: ${graves.length} after a job has ended`)
  })
})
