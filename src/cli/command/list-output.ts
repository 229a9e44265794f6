/** Prints lists in the requested form: a table or lines for people, JSON or CSV for programs. */
import { requestError } from '../../core/text/errors.ts'
import { csvRow } from '../../lib/text/csv.ts'
import { defuse } from '../terminal/defuse.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Input, Option } from './option.ts'

/** The options of every listing command. */
export const LIST_OPTIONS: readonly Option[] = [
  { name: 'json', summary: 'print JSON, one object per line' },
  { name: 'csv', summary: 'print CSV, its first line the names of the columns' },
]

type Row = Readonly<Record<string, unknown>>

/** The forms of a list's items. */
export interface Listing<Item> {
  /** The object printed by `--json`. */
  readonly record: (item: Item) => object
  /** The columns of `--csv`. */
  readonly columns: readonly string[]
  /** The rows of an item in `--csv`, if they differ from its JSON object. */
  readonly rows?: (item: Item) => readonly Row[]
}

/** One or more lines per item for people. */
export interface LineListing<Item> extends Listing<Item> {
  readonly line: (item: Item) => string
}

/** A table for people. */
export interface TableListing<Item> extends Listing<Item> {
  readonly headings: readonly string[]
  readonly cells: (item: Item) => readonly string[]
}

/** Maximum length of one write. */
const WRITE_LENGTH = 65_536

export class Output {
  readonly #terminal: Terminal
  readonly #form: 'text' | 'json' | 'csv'

  /**
   * @param usual the default form
   * @throws BjobError `bad-option` if two forms are requested
   */
  constructor(input: Input, terminal: Terminal, usual: 'text' | 'json' = 'text') {
    if (input.has('json') && input.has('csv')) throw requestError('bad-option', '--json and --csv exclude each other')
    this.#form = input.has('json') ? 'json' : input.has('csv') ? 'csv' : usual
    this.#terminal = terminal
  }

  /** True for people, who also get progress, summaries and suggestions. */
  get isText(): boolean {
    return this.#form === 'text'
  }

  get isJson(): boolean {
    return this.#form === 'json'
  }

  /** The text before the first item of a list printed incrementally. */
  head({ columns }: Listing<never>): string {
    return this.#form === 'csv' ? csvRow(columns) : ''
  }

  /** The text of one item of such a list, with its newline. */
  itemText<Item>(item: Item, listing: LineListing<Item>): string {
    return this.isText ? `${defuse(listing.line(item))}\n` : this.#dataText(item, listing)
  }

  /** Prints items as they come. */
  async list<Item>(items: Iterable<Item> | AsyncIterable<Item>, listing: LineListing<Item>): Promise<void> {
    let text = this.head(listing)
    if (Symbol.asyncIterator in items) {
      await this.#terminal.write(text)
      for await (const item of items) await this.printItem(item, listing)
      return
    }
    for (const item of items) {
      text += this.itemText(item, listing)
      if (text.length < WRITE_LENGTH) continue
      await this.#terminal.write(text)
      text = ''
    }
    await this.#terminal.write(text)
  }

  async printItem<Item>(item: Item, listing: LineListing<Item>): Promise<void> {
    await this.#terminal.write(this.itemText(item, listing))
  }

  /** Prints one object, like `--json`. */
  async json(value: unknown): Promise<void> {
    await this.#terminal.write(`${JSON.stringify(value)}\n`)
  }

  /** Prints items as a table, or as data. */
  async table<Item>(items: readonly Item[], listing: TableListing<Item>): Promise<void> {
    if (this.isText) return this.#terminal.table(listing.headings, items.map(listing.cells))
    return this.list(items, { ...listing, line: () => '' })
  }

  #dataText<Item>(item: Item, { record, rows, columns }: Listing<Item>): string {
    if (this.#form === 'json') return `${JSON.stringify(record(item))}\n`
    const found = rows === undefined ? [record(item) as Row] : rows(item)
    return found.map((row) => csvRow(columns.map((column) => row[column]))).join('')
  }
}
