/**
 * An open site: settings, disk and journal. The rest of this folder consists of functions on it.
 */
import fs from 'node:fs'
import path from 'node:path'
import { decodeText } from '../core/text/decode-text.ts'
import { requestError, siteError } from '../core/text/errors.ts'
import { type Disk, diskFor, isGone, parentOf } from './disk/disk.ts'
import { JournalMark } from './journal/journal-mark.ts'
import { journalHost } from './journal/journal-host.ts'
import { JournalWriter } from './journal/journal-writer.ts'
import { describeFault } from './disk/own-file.ts'
import { MOST_TEXT_BYTES, readPartSync, tooLarge } from './disk/read.ts'
import { shareWithGroup } from './disk/group-disk.ts'
import { Layout, SITE_FILE } from './disk/layout.ts'
import { type Settings, type SettingsChange, adoptSettings, parseSettings } from './settings.ts'

export class Site {
  readonly layout: Layout
  readonly disk: Disk
  #settings: Settings
  readonly #journal: () => JournalWriter
  #opened: JournalWriter | undefined
  readonly #told = new Set<string>()
  /** Called once for each problem that hides part of the site from this process. */
  onProblem: (problem: string) => void = () => {}

  constructor(layout: Layout, disk: Disk, settings: Settings) {
    this.layout = layout
    this.disk = disk
    this.#settings = settings
    this.#journal = () =>
      new JournalWriter(
        disk,
        layout.journalOf(journalHost(layout.root)),
        settings.durability === 'node',
        new JournalMark(this),
      )
  }

  /**
   * As bjob.yaml was when the site was opened, and later edits of it that a process that stays has
   * taken up.
   */
  get settings(): Settings {
    return this.#settings
  }

  /** Takes up an edited bjob.yaml, as far as a process can that runs already. */
  adopt(edited: Settings): SettingsChange {
    const change = adoptSettings(this.#settings, edited)
    this.#settings = change.settings
    return change
  }

  /** This process's journal writer. */
  get journal(): JournalWriter {
    return (this.#opened ??= this.#journal())
  }

  /** Reports a problem at its first occurrence. */
  readonly tellOnce = (problem: string): void => {
    if (this.#told.has(problem)) return
    this.#told.add(problem)
    this.onProblem(problem)
  }

  /** Writes confirmations and closes the journal; the site can be used again. */
  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.close()
  }
}

/**
 * Opens the site that contains `from`, or that of BJOB_SITE.
 * @throws BjobError `no-site` (request), `bad-setting`, or the file system's error
 */
export async function openTree(
  from: string = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Site> {
  const named = environment['BJOB_SITE']
  const root = named === undefined || named === '' ? findRoot(path.resolve(from)) : path.resolve(named)
  if (root === undefined) {
    throw requestError(
      'no-site',
      `no site here: neither ${path.resolve(from)} nor a folder above it has a ${SITE_FILE}`,
    )
  }
  const layout = new Layout(root)
  refuseLinks(layout)
  let bytes: Buffer
  try {
    bytes = readPartSync(layout.settings, 0, MOST_TEXT_BYTES + 1, 'follow')
    if (bytes.length > MOST_TEXT_BYTES) throw tooLarge(layout.settings, MOST_TEXT_BYTES)
  } catch (error) {
    if (isGone(error)) {
      throw requestError('no-site', `BJOB_SITE is ${root}, which has no ${SITE_FILE}`, {
        path: layout.settings,
        hint: 'unset BJOB_SITE, or make a site there with `bjob init`',
      })
    }
    const fault = describeFault(error, layout.settings)
    throw siteError('unreadable-site', fault ?? `cannot read ${layout.settings}`, {
      path: layout.settings,
      cause: error,
    })
  }
  const settings = parseSettings(decodeText(bytes, layout.settings), layout.settings)
  return new Site(layout, shareWithGroup(diskFor(root), root), settings)
}

/**
 * @throws BjobError `linked-folder` for a link in the place of one of the site's folders, whose
 *   target is not bjob's
 */
export function refuseLinks({ jobs, journal, launchers, trash, submissions, apps }: Layout): void {
  for (const folder of [jobs, journal, launchers, trash, submissions, apps]) {
    if (fs.lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw requestError('linked-folder', `${path.basename(folder)}/ must be a folder, not a link`, {
        path: folder,
      })
  }
}

function findRoot(from: string): string | undefined {
  for (let folder: string | undefined = from; folder !== undefined; folder = parentOf(folder)) {
    if (fs.existsSync(path.join(folder, SITE_FILE))) return folder
  }
  return undefined
}
