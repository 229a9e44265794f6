/** Strings as C has them: each ended by a NUL, and named by an array of addresses that NULL ends. */

/** Where something lies in this process's memory. Node.js does not move it, but takes it away when nobody holds it any more. */
export type AddressOf = (memory: ArrayBuffer) => bigint

/**
 * The array, in one piece of memory with the strings that it names: whoever holds it holds them.
 * @param others addresses that come first, of strings that somebody else holds
 * @throws Error when a string holds a NUL: C would see only its beginning
 */
export function toCStrings(
  strings: readonly string[],
  addressOf: AddressOf,
  others: readonly bigint[] = [],
): BigUint64Array {
  const text = strings.map((string) => `${string}\0`).join('')
  const count = others.length + strings.length
  const bytes = (count + 1) * BigUint64Array.BYTES_PER_ELEMENT
  const memory = new ArrayBuffer(bytes + Buffer.byteLength(text))
  const ends = Buffer.from(memory, bytes)
  ends.write(text)
  const addresses = new BigUint64Array(memory, 0, count + 1)
  addresses.set(others)
  const start = addressOf(memory) + BigInt(bytes)
  let at = 0
  for (let index = others.length; index < count; index++) {
    addresses[index] = start + BigInt(at)
    at = ends.indexOf(0, at) + 1
  }
  if (at !== ends.length) throw new Error('a word or a variable holds a NUL')
  return addresses
}

/** An environment that many processes inherit, in memory once. */
export class CEnvironment {
  readonly #names: readonly string[]
  readonly #strings: BigUint64Array

  constructor(variables: NodeJS.ProcessEnv, addressOf: AddressOf) {
    this.#names = Object.keys(variables).filter((name) => variables[name] !== undefined)
    this.#strings = toCStrings(
      this.#names.map((name) => `${name}=${variables[name]}`),
      addressOf,
    )
  }

  /** The addresses of its strings, but for those of the variables that `changes` names. */
  without(changes: Readonly<Record<string, unknown>>): bigint[] {
    const kept: bigint[] = []
    for (const [index, name] of this.#names.entries())
      if (!Object.hasOwn(changes, name)) kept.push(this.#strings[index] ?? 0n)
    return kept
  }
}
