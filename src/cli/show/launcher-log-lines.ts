/** `bjob log LAUNCHER`: prints or follows a launcher's log. */
import { fateOf } from '../../client/explain/explain-wait.ts'
import { LOG_LEVELS, type LogLevel, levelOfLine } from '../../core/text/log-line.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import type { LineFollower } from '../../site/follow/file-follower.ts'
import { FileWatch } from '../../site/follow/file-watch.ts'
import { openLauncherLog } from '../../site/launcher/launcher-log.ts'
import { readLease } from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'
import type { Session } from '../command/command.ts'
import { stopSignal } from '../terminal/stop-signal.ts'
import type { Colour } from '../terminal/terminal.ts'

const COLOURS: Readonly<Record<LogLevel, Colour | undefined>> = { info: undefined, warn: 'yellow', error: 'red' }

/** @param least lowest level to print */
export async function showLauncherLog(site: Site, launcher: string, least: LogLevel, session: Session): Promise<void> {
  await printNews(openLauncherLog(site, launcher), least, session)
}

/** Continues until the launcher has ended or died, or its lease has expired. */
export async function followLauncherLog(
  site: Site,
  launcher: string,
  least: LogLevel,
  session: Session,
): Promise<void> {
  const signal = stopSignal()
  const lines = openLauncherLog(site, launcher)
  const paths = site.layout.launcher(launcher)
  const patienceMs = site.settings.lease_seconds * 1000
  await using watch = new FileWatch(site)
  watch.add(paths.log)
  watch.add(paths.lease)
  let beat: number | undefined
  let beatMs = monotonicMs()
  for (;;) {
    const lease = await readLease(site, launcher).catch(() => undefined)
    // Printed after reading the lease, so that the last lines are included.
    await printNews(lines, least, session)
    if (signal.aborted) return
    const fate = lease === undefined ? undefined : fateOf(lease)
    if (fate !== undefined) return session.terminal.note(`bjob: launcher ${launcher} ${fate}`)
    if (lease !== undefined && lease.beat !== beat) {
      beat = lease.beat
      beatMs = monotonicMs()
    } else if (monotonicMs() - beatMs > patienceMs) {
      return session.terminal.note(
        `bjob: launcher ${launcher} has not renewed its lease for ${site.settings.lease_seconds} s`,
      )
    }
    await watch.next({ signal, patienceMs })
  }
}

async function printNews(log: LineFollower, least: LogLevel, { terminal }: Session): Promise<void> {
  const from = LOG_LEVELS.indexOf(least)
  for await (const lines of log.read()) {
    const shown = lines.flatMap((line) => {
      const level = levelOfLine(line)
      const colour = level === undefined ? undefined : COLOURS[level]
      // Lines that are not log lines indicate a problem and are always printed.
      if (level !== undefined && LOG_LEVELS.indexOf(level) < from) return []
      return [colour === undefined ? line : terminal.paint(colour, line)]
    })
    if (shown.length > 0) await terminal.line(shown.join('\n'))
  }
}
