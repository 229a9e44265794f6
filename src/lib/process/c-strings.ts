/** C strings: NUL-terminated, with a NULL-terminated array of their addresses. */

/** The address of a buffer. Node.js does not move it, but frees it once it is unreachable. */
export type AddressOf = (memory: ArrayBuffer) => bigint

const NONE: BigUint64Array = new BigUint64Array()
/** Maximum bytes in UTF-8 per UTF-16 code unit. */
const MOST_BYTES = 3

/** One array with its strings, in reusable memory. */
export class CStrings {
  readonly #addressOf: AddressOf
  #text = Buffer.alloc(0)
  #textAddress = 0n
  #addresses = NONE

  constructor(addressOf: AddressOf) {
    this.#addressOf = addressOf
  }

  /**
   * @param others addresses of strings held elsewhere, which come first
   * @returns the array, valid until the next call or until this object is unreachable
   * @throws Error if a string contains a NUL, where C would cut it
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

/** An environment inherited by many processes, stored once. */
export class CEnvironment {
  readonly #names: readonly string[]
  readonly #strings: CStrings
  readonly #addresses: BigUint64Array
  /** The last result: the next process usually changes the same variables. */
  #kept: { readonly changed: readonly string[]; readonly addresses: BigUint64Array }

  constructor(variables: NodeJS.ProcessEnv, addressOf: AddressOf) {
    this.#names = Object.keys(variables).filter((name) => variables[name] !== undefined)
    this.#strings = new CStrings(addressOf)
    const list = this.#strings.write(this.#names.map((name) => `${name}=${variables[name]}`))
    this.#addresses = list.subarray(0, this.#names.length)
    this.#kept = { changed: [], addresses: this.#addresses }
  }

  /** The addresses of its strings, without the variables in `changes`. */
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
