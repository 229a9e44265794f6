/**
 * `bjob report`: its figures beside what the jobs themselves wrote down, for a run with every kind
 * of end.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

/** The fields of `bjob report --json` that the test reads. */
interface Report {
  readonly jobs: number
  readonly runs: number
  readonly states: Readonly<Record<string, number>>
  readonly run_ends: Readonly<Record<string, number>>
  readonly bin_seconds: number
  readonly utilization: {
    readonly core_seconds: number
    readonly offered_core_seconds: number
    readonly bins: readonly { readonly at: string; readonly cores: number; readonly offered_cores: number }[]
  }
  readonly throughput: {
    readonly finished_per_hour: number
    readonly bins: readonly {
      readonly at: string
      readonly finished: number
      readonly failed: number
      readonly killed: number
    }[]
  }
  readonly run_seconds: { readonly count: number }
  readonly failures: readonly {
    readonly cause: string
    readonly how: string
    readonly runs: number
    readonly jobs: number
  }[]
  readonly launchers: readonly {
    readonly id: string
    readonly start: string
    readonly end: string
    readonly cores: number
    readonly runs: number
  }[]
}

interface Interval {
  readonly from: number
  readonly to: number
  readonly cores: number
}

/**
 * A beat of a launcher is a third of its lease at most; whoever dies between two of them leaves no
 * later sign.
 */
const LEASE_MS = 2000

/** The job's own record of each attempt. */
function stampsOf(rig: Rig, id: string, cores: number): Map<number, Interval> {
  const names = fs.readdirSync(rig.folder(id)).filter((name) => name.startsWith('stamps.'))
  return new Map(
    names.map((name) => {
      const text = fs.readFileSync(path.join(rig.folder(id), name), 'utf8')
      const times = text.slice(0, text.lastIndexOf('\n')).split('\n').map(Number)
      return [Number(name.split('.')[1]), { from: times[0] ?? NaN, to: times.at(-1) ?? NaN, cores }]
    }),
  )
}

/** True if its first attempt has written a record. */
function hasStamped(rig: Rig, id: string): boolean {
  return (fs.statSync(path.join(rig.folder(id), 'stamps.1'), { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** The span of each attempt, from its claim to the next entry of state.yaml. */
function heldOf(rig: Rig, id: string, cores: number): Interval[] {
  const { history } = rig.state(id)
  return history.flatMap(({ time, state }, at) => {
    if (state !== 'RUNNING') return []
    return [{ from: Date.parse(time), to: Date.parse(history[at + 1]?.time ?? ''), cores }]
  })
}

const coreSeconds = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { from, to, cores }) => sum + ((to - from) / 1000) * cores, 0)

/** The mean over a bin, by adding up what overlaps it. */
function meanIn(intervals: readonly Interval[], from: number, to: number): number {
  const overlap = intervals.reduce(
    (sum, one) => sum + Math.max(0, Math.min(one.to, to) - Math.max(one.from, from)) * one.cores,
    0,
  )
  return overlap / (to - from)
}

describe('the figures of a report', () => {
  test('equal those of the jobs’ own time stamps, through failures, a time-out, a kill and a dead launcher', async () => {
    await using rig = await Rig.create({
      settings: `format: 1\nlease_seconds: ${LEASE_MS / 1000}\ngrace_seconds: 1\ndurability: process\n`,
      mayLeaveScaffolding: true,
    })
    const program = path.join(inject('programs'), 'stamping-job.cjs')
    rig.addApplication('stamp', `executable: [${JSON.stringify(process.execPath)}, ${JSON.stringify(program)}]\n`)
    const spawn = async (records: readonly object[]): Promise<string> =>
      rig.done(['spawn', '--from', '-'], {
        input: records.map((record) => JSON.stringify({ workflow: 'w', application: 'stamp', ...record })).join('\n'),
      })
    // Two jobs of a dead launcher, which no launcher checks for longer than any beat.
    await spawn(['lost1', 'lost2'].map((name) => ({ name, args: ['600'], max_retries: 1 })))
    const first = await rig.launch()
    await rig.until('two jobs to run', () => ['lost1', 'lost2'].every((name) => hasStamped(rig, `w/${name}`)))
    await first.kill('SIGKILL')
    const died = Date.now()
    await spawn([
      { name: 'wide', args: ['500'], threads_per_rank: 2 },
      { name: 'good1', args: ['300'] },
      { name: 'good2', args: ['400'] },
      { name: 'bad', args: ['200', '3'] },
      { name: 'again', args: ['200', '4'], max_retries: 1 },
      { name: 'slow', args: ['60000'], timeout_minutes: 0.1 },
      { name: 'victim', args: ['60000'], priority: -1 },
    ])
    await rig.until('longer than a beat since the launcher died', () => Date.now() - died > LEASE_MS)
    const second = await rig.launch()
    await rig.reached('w/victim', 'RUNNING')
    await rig.until('the victim to write', () => hasStamped(rig, 'w/victim'))
    await rig.done(['kill', 'w/victim'])
    expect(await rig.bjob(['wait', '--workflow', 'w'])).toMatchObject({ status: 1 })
    await second.kill('SIGTERM')

    const report = JSON.parse(await rig.done(['report', '--json'])) as Report
    const ids = rig.ids()
    const coresOf = (id: string): number => (id === 'w/wide' ? 2 : 1)
    const states = new Map<string, number>()
    for (const id of ids) states.set(rig.state(id).state, (states.get(rig.state(id).state) ?? 0) + 1)
    expect(report.states).toEqual(Object.fromEntries(states))
    expect(report.states).toEqual({ JOB_FINISHED: 5, FAILED: 3, USER_KILLED: 1 })
    expect(report.run_ends).toEqual({ finished: 5, failed: 3, timeout: 1, killed: 1, lost: 2, running: 0 })

    // The launchers held resources for the time of the jobs, and a little before and after.
    const own: Interval[] = []
    const held: Interval[] = []
    for (const id of ids) {
      const stamps = stampsOf(rig, id, coresOf(id))
      for (const [at, interval] of heldOf(rig, id, coresOf(id)).entries()) {
        const stamped = stamps.get(at + 1)
        if (stamped === undefined) throw new Error(`${id} wrote nothing down in attempt ${at + 1}`)
        own.push(stamped)
        const isLost = id.startsWith('w/lost') && at === 0
        expect(interval.from).toBeLessThanOrEqual(stamped.from)
        expect(interval.to).toBeGreaterThanOrEqual(stamped.to)
        // Nobody noticed the death for long after it; what the report holds of that run ends with
        // it.
        if (isLost) expect(interval.to - stamped.to).toBeGreaterThan(LEASE_MS / 2)
        held.push(isLost ? { ...interval, to: stamped.to } : interval)
      }
    }
    expect(report.runs).toBe(held.length)
    // A dead launcher's last sign of life may be older than its jobs' last stamp, by a beat.
    const slack = (2 * LEASE_MS) / 1000
    expect(report.utilization.core_seconds).toBeLessThanOrEqual(coreSeconds(held) + 0.1)
    expect(report.utilization.core_seconds).toBeGreaterThan(coreSeconds(held) - slack)
    expect(report.utilization.core_seconds).toBeGreaterThan(coreSeconds(own) - slack)

    const width = report.bin_seconds * 1000
    const offered = report.launchers.map(({ start, end, cores }) => ({
      from: Date.parse(start),
      to: Date.parse(end),
      cores,
    }))
    // After the death every bin is exact.
    const later = report.utilization.bins.filter(({ at }) => Date.parse(at) > died)
    expect(later.length).toBeGreaterThan(10)
    for (const { at, cores, offered_cores: had } of later) {
      const from = Date.parse(at)
      expect(cores).toBeCloseTo(meanIn(held, from, from + width), 3)
      expect(had).toBeCloseTo(meanIn(offered, from, from + width), 3)
    }
    expect(report.utilization.offered_core_seconds).toBeCloseTo(coreSeconds(offered), 2)
    for (const { at, finished, failed, killed } of report.throughput.bins) {
      const ended = (state: string): number =>
        ids.filter((id) => {
          const { history, state: last } = rig.state(id)
          const time = Date.parse(history.at(-1)?.time ?? '')
          return last === state && time >= Date.parse(at) && time < Date.parse(at) + width
        }).length
      expect([finished, failed, killed]).toEqual([ended('JOB_FINISHED'), ended('FAILED'), ended('USER_KILLED')])
    }
    const ends = ids
      .filter((id) => rig.state(id).state === 'JOB_FINISHED')
      .map((id) => Date.parse(rig.state(id).history.at(-1)?.time ?? ''))
    const hours = (Math.max(...ends) - Math.min(...held.map(({ from }) => from))) / 3_600_000
    expect(report.throughput.finished_per_hour).toBeCloseTo(5 / hours, 3)
    // In brackets: what else was amiss on this machine meanwhile.
    const failures = Object.fromEntries(
      report.failures.map(({ cause, runs, jobs }) => [cause.replace(/ \(.*/, ''), [runs, jobs]]),
    )
    expect(failures).toMatchObject({
      'exit 3': [1, 1],
      'exit 4': [2, 1],
      'ran for longer than its timeout_minutes': [1, 1],
      'its launcher was killed': [2, 0],
    })

    // The journal only is a faster way to the same result.
    const { made: _, ...before } = JSON.parse(await rig.done(['report', '--json'])) as Report & { made: string }
    fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
    const after = JSON.parse(await rig.done(['report', '--json'])) as Report
    expect({ states: after.states, runs: after.runs, ends: after.run_ends, failures: after.failures }).toEqual({
      states: before.states,
      runs: before.runs,
      ends: before.run_ends,
      failures: before.failures,
    })

    // Filters mean what they mean elsewhere, and the CSV has the same numbers.
    expect(JSON.parse(await rig.done(['report', '--json', '--state', 'FAILED']))).toMatchObject({
      jobs: 3,
      states: { FAILED: 3 },
    })
    const csv = await rig.done(['report', '--csv'])
    expect(csv).toContain('states,jobs,FAILED,3\r\n')
    expect(csv).toContain('figure,series,at,value\r\n')
  })

  test('of a site without jobs are all nothing, and the page is written where it is asked for', async () => {
    await using rig = await Rig.create()
    expect(JSON.parse(await rig.done(['report', '--json']))).toMatchObject({
      jobs: 0,
      runs: 0,
      states: {},
      failures: [],
    })
    const file = path.join(rig.outside, 'a page.html')
    await rig.done(['report', '-o', file])
    const page = fs.readFileSync(file, 'utf8')
    expect(page).toContain(`"folder":"../site/jobs/"`)
    expect(fs.readdirSync(rig.outside)).toEqual(['a page.html'])
    const refused = await rig.bjob(['report', '-o', path.join(rig.outside, 'nowhere', 'x.html')])
    expect(refused).toMatchObject({ status: 3, stdout: '' })
    expect(refused.stderr).toContain('cannot write')
    expect(await rig.bjob(['report', '--json', '--csv'])).toMatchObject({ status: 2 })
  })

  test('goes through a link to its target, and into a pipe', async () => {
    await using rig = await Rig.create()
    const at = (name: string): string => path.join(rig.outside, name)
    fs.writeFileSync(at('old.html'), 'old')
    fs.symlinkSync('old.html', at('link.html'))
    fs.symlinkSync('new.html', at('early.html'))
    for (const name of ['link.html', 'early.html']) {
      await rig.done(['report', '-o', at(name)])
      expect(fs.lstatSync(at(name)).isSymbolicLink()).toBe(true)
    }
    for (const name of ['old.html', 'new.html']) expect(fs.readFileSync(at(name), 'utf8')).toMatch(/^<!doctype html>/i)
    execFileSync('mkfifo', [at('pipe')])
    const reader = rig.startProgram(['cat', at('pipe')])
    await rig.done(['report', '--json', '-o', at('pipe')])
    expect(JSON.parse((await reader.ended()).stdout)).toMatchObject({ jobs: 0 })
    expect(fs.readdirSync(rig.outside).toSorted()).toEqual(['early.html', 'link.html', 'new.html', 'old.html', 'pipe'])
  })

  test('--watch makes the page again as jobs end, and a last one that stays as it is', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'first'])
    const watch = rig.start(['report', '--watch'])
    await rig.until('the page to be told', () => watch.stderr.includes('1 job: report.html, made again'))
    const page = (): string => fs.readFileSync(path.join(rig.site, 'report.html'), 'utf8')
    const statesOf = (text: string): readonly number[] =>
      (JSON.parse(/id="data"[^>]*>(.*)<\/script>\n<script>/.exec(text)?.[1] ?? '') as { jobs: { state: number[] } })
        .jobs.state
    const [waiting] = statesOf(page())
    expect(page()).toMatch(/id="data" data-refresh="\d+"/)
    await rig.done(['launch', '--idle-seconds', '0.1'])
    await rig.until('the end to be on the page', () => statesOf(page())[0] !== waiting)
    await rig.done(['spawn', '--app', 'no', '--workflow', 'w', '--name', 'second'])
    await rig.done(['launch', '--idle-seconds', '0.1'])
    await rig.until('the second to be on the page', () => statesOf(page()).length === 2)
    expect((await watch.kill('SIGINT')).status).toBe(0)
    expect(page()).not.toContain('data-refresh')
    expect(statesOf(page())).toHaveLength(2)
    for (const words of [['--json'], ['--csv'], ['-o', '-']])
      expect(await rig.bjob(['report', '--watch', ...words])).toMatchObject({ status: 2 })
  })
})
