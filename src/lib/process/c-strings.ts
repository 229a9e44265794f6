/** Strings as C has them: each ended by a NUL, and named by an array of addresses that NULL ends. */

/** Where something lies in this process's memory. Node.js does not move it, but takes it away when nobody holds it any more. */
export type AddressOf = (memory: ArrayBuffer) => bigint

const NONE: BigUint64Array = new BigUint64Array()
/** UTF-8 takes at most this many bytes for what a string counts as one. */
const MOST_BYTES = 3

/** One array with its strings, in memory that is used again for the next ones. */
export class CStrings {
  readonly #addressOf: AddressOf
  #text = Buffer.alloc(0)
  #textAddress = 0n
  #addresses = NONE

  constructor(addressOf: AddressOf) {
    this.#addressOf = addressOf
  }

  /**
   * @param others addresses that come first, of strings that somebody else holds
   * @returns the array; it and its strings last until this is called again, or nobody holds this object any more
   * @throws Error when a string holds a NUL: C would see only its beginning
   */
  write(strings: readonly string[], others = NONE): BigUint64Array {
    this.#reserve(strings, others.length)
    this.#addresses.set(others)
    let index = others.length
    let at = 0
    for (const string of strings) {
      if (string.includes('\0')) throw new Error('a word or a variable contains a NUL')
      this.#addresses[index++] = this.#textAddress + BigInt(at)
      at += this.#text.write(`${string}\0`, at)
    }
    this.#addresses[index] = 0n
    return this.#addresses
  }

  #reserve(strings: readonly string[], others: number): void {
    const bytes = strings.reduce((sum, { length }) => sum + length * MOST_BYTES + 1, 0)
    if (bytes > this.#text.length) {
      const memory = new ArrayBuffer(bytes * 2)
      this.#text = Buffer.from(memory)
      this.#textAddress = this.#addressOf(memory)
    }
    const count = others + strings.length + 1
    if (count > this.#addresses.length) this.#addresses = new BigUint64Array(count * 2)
  }
}

/** An environment that many processes inherit, in memory once. */
export class CEnvironment {
  readonly #names: readonly string[]
  readonly #strings: CStrings
  readonly #addresses: BigUint64Array
  /** What was left for the last process: the next one most often changes the same variables. */
  #kept: { readonly changed: readonly string[]; readonly addresses: BigUint64Array }

  constructor(variables: NodeJS.ProcessEnv, addressOf: AddressOf) {
    this.#names = Object.keys(variables).filter((name) => variables[name] !== undefined)
    this.#strings = new CStrings(addressOf)
    const list = this.#strings.write(this.#names.map((name) => `${name}=${variables[name]}`))
    this.#addresses = list.subarray(0, this.#names.length)
    this.#kept = { changed: [], addresses: this.#addresses }
  }

  /** The addresses of its strings, but for those of the variables that `changes` names. */
  without(changes: Readonly<Record<string, unknown>>): BigUint64Array {
    const changed = Object.keys(changes)
    const last = this.#kept
    if (changed.length === last.changed.length && changed.every((name, at) => name === last.changed[at]))
      return last.addresses
    const isKept = (_: bigint, index: number): boolean => !Object.hasOwn(changes, this.#names[index] ?? '')
    this.#kept = { changed, addresses: this.#addresses.filter(isKept) }
    return this.#kept.addresses
  }
}
