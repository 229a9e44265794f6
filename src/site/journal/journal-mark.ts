/** The README beside the journals, which says that they tell of every job. */
import { unlessGone } from '../disk/disk.ts'
import { replaceFile } from '../disk/files.ts'
import { listIds } from '../disk/job-folder.ts'
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

  /** Whether the journal has been there since the site was made, or was made again. */
  async isWhole(): Promise<boolean> {
    return (await this.#disk.stat(this.#layout.journalReadme)) !== undefined && !(await this.#isEmptied())
  }

  /** Says that the journal tells of every job from now on. */
  async make(): Promise<void> {
    await this.#disk.makeParents(this.#layout.journal)
    await replaceFile(this.#disk, this.#layout.journalReadme, README)
  }

  /** Says that the journal may lack jobs: the next reader makes it again from the folders. */
  async withdraw(): Promise<void> {
    await unlessGone(this.#disk.unlink(this.#layout.journalReadme))
  }

  /**
   * Withdraws the mark when all journals were removed and only the README stayed. For a writer
   * about to make the first one.
   */
  async check(): Promise<void> {
    if (await this.#isEmptied()) await this.withdraw()
  }

  async #isEmptied(): Promise<boolean> {
    const journals = (await unlessGone(this.#disk.list(this.#layout.journal))) ?? []
    if (journals.some(({ name }) => name.endsWith(SUFFIX))) return false
    for await (const _ of listIds({ disk: this.#disk, layout: this.#layout })) return true
    return false
  }
}
