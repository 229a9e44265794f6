/** The README beside the journals, which marks them as complete. */
import { unlessGone } from '../disk/disk.ts'
import { replaceFile } from '../disk/files.ts'
import { listIds } from '../disk/job-folder.ts'
import { refuseLinkedJournal } from './journal-folder.ts'
import { type JournalPlace, SUFFIX } from './journal-reader.ts'

const README = `The journal: one append-only file per node that writes, one line per change. The job folders are
authoritative; these files tell readers where to look. If you delete them, the next launcher or
\`bjob fsck --repair\` rebuilds them from the folders. Keep this README: it marks the journal as complete.
`

export class JournalMark {
  readonly #disk: JournalPlace['disk']
  readonly #layout: JournalPlace['layout']

  constructor({ disk, layout }: JournalPlace) {
    this.#disk = disk
    this.#layout = layout
  }

  /** True if the journal has existed since the site was made, or was rebuilt. */
  async isWhole(): Promise<boolean> {
    return (await this.#disk.stat(this.#layout.journalReadme)) !== undefined && !(await this.#isEmptied())
  }

  /** Marks the journal as complete. */
  async make(): Promise<void> {
    await refuseLinkedJournal(this.#disk, this.#layout.journal)
    await this.#disk.makeParents(this.#layout.journal)
    await replaceFile(this.#disk, this.#layout.journalReadme, README)
  }

  /** Marks the journal as incomplete: the next reader rebuilds it from the folders. */
  async withdraw(): Promise<void> {
    await refuseLinkedJournal(this.#disk, this.#layout.journal)
    await unlessGone(this.#disk.unlink(this.#layout.journalReadme))
  }

  /**
   * Withdraws the mark if all journals were removed. For a writer about to create the first one.
   */
  async check(): Promise<void> {
    if (await this.#isEmptied()) await this.withdraw()
  }

  async #isEmptied(): Promise<boolean> {
    const journals = (await unlessGone(this.#disk.list(this.#layout.journal))) ?? []
    if (journals.some(({ name }) => name.endsWith(SUFFIX))) return false
    let isHidden = false
    const place = { disk: this.#disk, layout: this.#layout, tellOnce: () => void (isHidden = true) }
    for await (const _ of listIds(place)) return true
    // A folder of another user may hold jobs.
    return isHidden
  }
}
