/** A command: data for the help and the parser, and its function. */
import type { SiteClient } from '../../client/site-client.ts'
import type { Input, Option } from './option.ts'
import { Terminal } from '../terminal/terminal.ts'

export interface Command {
  /** Its arguments as shown in the help: `[ID…]`. */
  readonly words: string
  /** The description below the usage line. */
  readonly about: string
  readonly options: readonly Option[]
  readonly examples: readonly (readonly [line: string, meaning: string])[]
  /** @returns the exit status; 0 by default */
  run(input: Input, session: Session): Promise<number | void>
}

/** The context of a command; it closes the site opened for the command. */
export class Session {
  readonly terminal = new Terminal()
  /** bjob's own folder, with the templates. */
  readonly packageRoot: string
  #client: SiteClient | undefined

  constructor(packageRoot: string) {
    this.packageRoot = packageRoot
  }

  /** The site of the current folder. @throws BjobError `no-site`, `bad-setting` */
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
