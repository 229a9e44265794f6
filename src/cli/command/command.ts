/** What a command is: data for the help and the parser, and the function that does it. */
import type { SiteClient } from '../../client/site-client.ts'
import type { Input, Option } from './option.ts'
import { Terminal } from '../terminal/terminal.ts'

export interface Command {
  /** The words that it takes, as the help shows them: `[ID…]`. */
  readonly words: string
  /** More than the one line of the list of commands. */
  readonly about: string
  readonly options: readonly Option[]
  readonly examples: readonly (readonly [line: string, meaning: string])[]
  /** @returns the exit status; 0 when it says nothing */
  run(input: Input, session: Session): Promise<number | void>
}

/** What a command works with; what it opened is closed for it. */
export class Session {
  readonly terminal = new Terminal()
  /** bjob's own folder: where the templates are. */
  readonly packageRoot: string
  #client: SiteClient | undefined

  constructor(packageRoot: string) {
    this.packageRoot = packageRoot
  }

  /** The site that holds the current folder. @throws BjobError `no-site`, `bad-setting` */
  async open(): Promise<SiteClient> {
    if (this.#client !== undefined) return this.#client
    const { openSite } = await import('../../client/site-client.ts')
    this.#client = await openSite()
    this.#client.site.onProblem = (problem) => this.terminal.note(`bjob: ${problem}`)
    return this.#client
  }

  async close(): Promise<void> {
    await this.#client?.close()
  }
}
