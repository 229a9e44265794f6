/**
 * Turns measurements of a file system into verdicts and suitable settings. The measurements are
 * made in site/doctor/probe.ts.
 */

export type Measured<T> = { readonly value: T } | { readonly problem: string }

/** Names that several processes tried to take at once; each must have exactly one winner. */
export interface Race {
  readonly names: number
  /** Names with two winners. */
  readonly doubles: number
  /** Names without a winner, although they exist. */
  readonly unclaimed: number
}

export interface LocalMeasurements {
  readonly kind: { readonly type: number; readonly isNetwork: boolean }
  readonly exclusive: Measured<Race>
  readonly rename: Measured<{
    /** Reads of a file during its replacement, and the number that found it missing or torn. */
    readonly reads: number
    readonly torn: number
    /** Reads that missed the file while the next read found it. */
    readonly hidden: number
    readonly isGoneNoticed: boolean
    readonly isFolderKept: boolean
  }>
  readonly append: Measured<{ readonly isSeen: boolean }>
  readonly flush: Measured<{ readonly medianMs: number; readonly mostMs: number }>
  readonly stamps: Measured<{ readonly grainMs: number; readonly serverAheadMs: number }>
  readonly watch: Measured<{ readonly isSeen: boolean }>
  readonly locks: Measured<{ readonly isExclusive: boolean }>
  readonly latency: Measured<{ readonly medianMs: number; readonly mostMs: number; readonly callsPerSecond: number }>
}

export interface PeerMeasurements {
  readonly host: string
  readonly isSameMount: boolean
  /** Delay until the other node sees appended and flushed data, and a new name in a listing. */
  readonly appendMs: Measured<Delay>
  readonly nameMs: Measured<Delay>
  /**
   * The same for a name that the other node asked for before it existed; Infinity if never seen.
   */
  readonly lateNameMs: Measured<number>
  /** Lead of the other node's clock, with half a round trip as uncertainty. */
  readonly clock: Measured<{ readonly aheadMs: number; readonly uncertainMs: number }>
  readonly exclusive: Measured<Race>
  readonly sharedAppend: Measured<{ readonly lines: number; readonly lost: number }>
  readonly watch: Measured<{ readonly isSeen: boolean }>
  readonly locks: Measured<{ readonly isExclusive: boolean }>
}

export interface Delay {
  readonly medianMs: number
  readonly mostMs: number
}

/**
 * `note`: worth knowing, but bjob copes; `bad`: jobs would be lost or run twice, or nothing would
 * run.
 */
export type Grade = 'ok' | 'note' | 'bad'

export interface Check {
  readonly name: string
  readonly grade: Grade
  readonly finding: string
}

/** Values for bjob.yaml. */
export interface SuitableSettings {
  readonly lease_seconds: number
  readonly poll_seconds: number
  readonly durability: 'node' | 'process'
}

/** By f_type of statfs(2). */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'XFS',
  0x9123683e: 'Btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'ZFS',
  0xf2f52010: 'F2FS',
  0x6969: 'NFS',
  0x0bd00bd0: 'Lustre',
  0x47504653: 'GPFS',
  0x19830326: 'BeeGFS',
  0x65735546: 'FUSE',
  0x00c36400: 'CephFS',
  0xfe534d42: 'SMB',
  0xff534d42: 'CIFS',
  0x01021997: '9P',
  0x5346414f: 'AFS',
  0x00c0ffee: 'hostfs',
}

/** Above this, a call that changes a name limits the rate of short jobs. */
const SLOW_CALL_MS = 20
/** A slower flush is noticeable at every spawn and end. */
const SLOW_FLUSH_MS = 100
/** Clocks of a cluster rarely agree better than this. */
const CLOCK_NOTE_MS = 1000
/** Calls that change or look up a name, for a plain job from birth to end. */
const CALLS_PER_JOB = 25
const DEFAULT_LEASE_SECONDS = 30
/**
 * A launcher renews its lease six times and gives up after three quarters of it: this many of the
 * slowest calls must fit.
 */
const CALLS_PER_LEASE = 20
const MAX_SECONDS = { lease: 3600, poll: 60 }

/** The common name of a file system, by its `f_type`. */
export function nameFileSystem(type: number): string {
  return TYPE_NAMES[type] ?? `type 0x${type.toString(16)}`
}

export function judgeLocal(measured: LocalMeasurements): Check[] {
  const { kind } = measured
  const typeName = nameFileSystem(kind.type)
  return [
    {
      name: 'file system',
      grade: 'ok',
      finding: `${typeName}, ${kind.isNetwork ? 'treated as a network file system: bjob polls and makes concurrent calls' : 'local: other nodes are not expected to see it'}`,
    },
    judge('exclusive names', measured.exclusive, judgeRace('contested by several processes')),
    judge('rename', measured.rename, ({ reads, torn, hidden, isGoneNoticed, isFolderKept }) => {
      if (torn > 0) return bad(`${torn} of ${reads} reads during a replacement found the file missing or torn`)
      if (!isGoneNoticed) return bad('does not fail when its source is gone: a withdrawn change would be made')
      if (!isFolderKept) return bad('replaced a folder that contained files: a job could replace another')
      if (hidden > 0)
        return note(`${hidden} of ${reads} reads during a replacement missed the file briefly; bjob repeats such reads`)
      return ok(`atomic (${reads} reads), fails if its source is gone, never replaces a folder with files`)
    }),
    judge('append', measured.append, ({ isSeen }) =>
      isSeen ? ok('appended data is visible at once on this node') : bad('appended data is not visible on this node'),
    ),
    judge('flush', measured.flush, ({ medianMs, mostMs }) =>
      medianMs > SLOW_FLUSH_MS
        ? note(
            `works, ${formatMs(medianMs)} each (at most ${formatMs(mostMs)}): slow, which delays every spawn and end`,
          )
        : ok(`works, ${formatMs(medianMs)} each (at most ${formatMs(mostMs)})`),
    ),
    judge('timestamps', measured.stamps, ({ grainMs, serverAheadMs }) => {
      const clock =
        Math.abs(serverAheadMs) < CLOCK_NOTE_MS
          ? 'set by a clock that agrees with this one'
          : `set by a clock ${formatAhead(serverAheadMs)} this one`
      const finding = `in steps of ${grainMs >= 1000 ? `${grainMs / 1000} s` : '1 ms or less'}, ${clock}`
      return grainMs >= 1000 || Math.abs(serverAheadMs) >= CLOCK_NOTE_MS
        ? note(`${finding}; bjob does not use them, but tools such as make do`)
        : ok(finding)
    }),
    judge('inotify', measured.watch, ({ isSeen }) =>
      isSeen
        ? ok("reports this node's changes")
        : kind.isNetwork
          ? note("does not report this node's changes; bjob polls")
          : bad('does not work on a file system that looks local: news would be seconds late'),
    ),
    judge(
      'kernel locks',
      measured.locks,
      ({ isExclusive }) =>
        isExclusive
          ? ok('flock excludes others on this node (bjob needs none)')
          : note('flock does not exclude others; bjob needs none, programs with databases may'),
      'note',
    ),
    judge('calls', measured.latency, ({ medianMs, mostMs, callsPerSecond }) => {
      const jobs = callsPerSecond / CALLS_PER_JOB
      const finding = `${formatMs(medianMs)} each (at most ${formatMs(mostMs)}), ${Math.round(callsPerSecond)} a second: enough for about ${jobs < 10 ? jobs.toFixed(1) : Math.round(jobs)} jobs a second`
      return medianMs > SLOW_CALL_MS ? note(`${finding}; use longer jobs`) : ok(finding)
    }),
  ]
}

export function judgePeer(measured: PeerMeasurements, isNetwork: boolean): Check[] {
  const { host, isSameMount } = measured
  const where = isSameMount
    ? note(`${host}, through the same mount: the following checks do not test two nodes`)
    : isNetwork
      ? ok(host)
      : bad(`${host} sees this file system, which bjob treats as local: bjob would miss its changes`)
  return [
    { name: 'other node', ...where },
    judge('news', measured.appendMs, judgeDelay('appended data')),
    judge('new names', measured.nameMs, judgeDelay('a new name in a listing')),
    judge('late names', measured.lateNameMs, (ms) =>
      ms === Infinity
        ? note('a name looked up before its creation stays hidden for seconds: list the folder first, as bjob does')
        : ok(`a name looked up too early appears there after ${formatMs(ms)}`),
    ),
    judge('clocks', measured.clock, ({ aheadMs, uncertainMs }) => {
      return Math.abs(aheadMs) - uncertainMs < CLOCK_NOTE_MS
        ? ok(`agree within ${formatMs(Math.abs(aheadMs) + uncertainMs)}`)
        : note(
            `the other node's clock is ${formatAhead(aheadMs)} this one: times in histories are not comparable; bjob does not depend on them`,
          )
    }),
    judge('exclusive names', measured.exclusive, judgeRace('contested by both nodes')),
    judge('one file, two nodes', measured.sharedAppend, ({ lines, lost }) =>
      lost > 0
        ? note(
            `${lost} of ${lines} lines appended by both nodes to one file are lost: let each job write its own files`,
          )
        : ok(`all ${lines} lines appended by both nodes to one file are kept`),
    ),
    judge('inotify', measured.watch, ({ isSeen }) =>
      isSeen
        ? ok("reports the other node's changes too")
        : isNetwork
          ? note("does not report the other node's changes; bjob polls")
          : bad("does not report the other node's changes, although bjob would rely on it"),
    ),
    judge(
      'kernel locks',
      measured.locks,
      ({ isExclusive }) =>
        isExclusive
          ? ok('flock excludes the other node (bjob needs none)')
          : note('flock does not exclude the other node; bjob needs none, programs with databases may'),
      'note',
    ),
  ]
}

/** Settings for bjob.yaml; the defaults where they fit. */
export function suitableSettings(local: LocalMeasurements, peer: PeerMeasurements | undefined): SuitableSettings {
  const slowestMs = Math.max(
    valueOf(local.latency)?.mostMs ?? 0,
    valueOf(local.flush)?.mostMs ?? 0,
    valueOf(peer?.appendMs)?.mostMs ?? 0,
  )
  const leaseSeconds = Math.max(DEFAULT_LEASE_SECONDS, Math.ceil((slowestMs * CALLS_PER_LEASE) / 10_000) * 10)
  const pollSeconds = Math.max(1, Math.ceil(((valueOf(local.latency)?.medianMs ?? 0) * 50) / 1000))
  return {
    lease_seconds: Math.min(MAX_SECONDS.lease, leaseSeconds),
    poll_seconds: Math.min(MAX_SECONDS.poll, pollSeconds),
    durability: valueOf(local.flush) === undefined ? 'process' : 'node',
  }
}

export function isFit(checks: readonly Check[]): boolean {
  return checks.every(({ grade }) => grade !== 'bad')
}

type Judgement = Omit<Check, 'name'>
const ok = (finding: string): Judgement => ({ grade: 'ok', finding })
const note = (finding: string): Judgement => ({ grade: 'note', finding })
const bad = (finding: string): Judgement => ({ grade: 'bad', finding })

function judge<T>(
  name: string,
  measured: Measured<T>,
  decide: (value: T) => Judgement,
  otherwise: Grade = 'bad',
): Check {
  return 'value' in measured
    ? { name, ...decide(measured.value) }
    : { name, grade: otherwise, finding: measured.problem }
}

function judgeRace(how: string): (race: Race) => Judgement {
  return ({ names, doubles, unclaimed }) => {
    if (doubles > 0) return bad(`${doubles} of ${names} names ${how} had two winners: jobs would run twice`)
    if (unclaimed > 0)
      return note(`none of ${names} names ${how} had two winners, but ${unclaimed} had none; bjob copes`)
    return ok(`each of ${names} names ${how} (files, folders, links) had one winner`)
  }
}

function judgeDelay(what: string): (delay: Delay) => Judgement {
  return ({ medianMs, mostMs }) => {
    const finding = `${what} is seen there after ${formatMs(medianMs)} (at most ${formatMs(mostMs)})`
    return mostMs > 1000 ? note(`${finding}: slow`) : ok(finding)
  }
}

function valueOf<T>(measured: Measured<T> | undefined): T | undefined {
  return measured !== undefined && 'value' in measured ? measured.value : undefined
}

function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`
}

function formatAhead(ms: number): string {
  return `${formatMs(Math.abs(ms))} ${ms < 0 ? 'behind' : 'ahead of'}`
}
