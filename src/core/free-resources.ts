/** What a pool of nodes counts with: free numbers per node, kept as bits, and a tree that finds the first node with room. Arrays only, for speed. */

/** A set of free positions per node, as bits: the lowest free ones are taken first, which keeps a job's cores together. */
export class FreeIds {
  readonly #words: Int32Array
  readonly #counts: Int32Array
  readonly #stride: number

  constructor(sizes: readonly number[]) {
    this.#stride = Math.max(1, ...new Set(sizes.map((size) => Math.ceil(size / 32))))
    this.#words = new Int32Array(this.#stride * sizes.length)
    this.#counts = Int32Array.from(sizes)
    for (const [node, size] of sizes.entries()) this.#fill(node, size)
  }

  count(node: number): number {
    return this.#counts[node] ?? 0
  }

  /** The lowest free ones; fewer where there are not as many. `ids` is the node's whole list. */
  take<Id>(node: number, wanted: number, ids: readonly Id[]): readonly Id[] {
    if (wanted >= ids.length && this.count(node) === ids.length) {
      this.#words.fill(0, node * this.#stride, (node + 1) * this.#stride)
      this.#counts[node] = 0
      return ids
    }
    const taken: Id[] = []
    for (let word = 0; taken.length < wanted && word < this.#stride; word++) {
      const at = node * this.#stride + word
      let bits = this.#words[at] ?? 0
      while (bits !== 0 && taken.length < wanted) {
        const id = ids[word * 32 + 31 - Math.clz32(bits & -bits)]
        if (id !== undefined) taken.push(id)
        bits &= bits - 1
      }
      this.#words[at] = bits
    }
    this.#counts[node] = this.count(node) - taken.length
    return taken
  }

  /** Gives back what take has handed out, in the same order. */
  give<Id>(node: number, given: readonly Id[], ids: readonly Id[]): void {
    if (given.length === ids.length) return this.#fill(node, ids.length)
    let position = -1
    // Taken in the order of the list, so each is looked for behind the one before.
    for (const id of given) {
      position = ids.indexOf(id, position + 1)
      this.#flip(node, position)
    }
    this.#counts[node] = this.count(node) + given.length
  }

  /** All are free. */
  #fill(node: number, size: number): void {
    const begin = node * this.#stride
    for (let word = 0; word * 32 < size; word++)
      this.#words[begin + word] = size - word * 32 < 32 ? (1 << (size % 32)) - 1 : -1
    this.#counts[node] = size
  }

  #flip(node: number, position: number): void {
    const at = node * this.#stride + (position >> 5)
    this.#words[at] = (this.#words[at] ?? 0) ^ (1 << (position & 31))
  }
}

/** Four numbers a node, and over every subtree their greatest: a subtree where one is too small holds no node with room. */
export class RoomTree {
  readonly #leaves: number
  /** The four side by side, because they are looked at together. */
  readonly #room: Float64Array

  constructor(nodes: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, nodes)))
    this.#room = new Float64Array(2 * this.#leaves * 4).fill(-1)
  }

  set(node: number, cores: number, gpus: number, memoryMiB: number, occupancy: number): void {
    const room = this.#room
    let [c, g, m, o] = [cores, gpus, memoryMiB, occupancy]
    for (let at = 4 * (this.#leaves + node); at >= 4; at = (at >> 3) * 4) {
      if (room[at] === c && room[at + 1] === g && room[at + 2] === m && room[at + 3] === o) return
      room[at] = c
      room[at + 1] = g
      room[at + 2] = m
      room[at + 3] = o
      const sibling = at ^ 4
      c = Math.max(c, room[sibling] ?? -1)
      g = Math.max(g, room[sibling + 1] ?? -1)
      m = Math.max(m, room[sibling + 2] ?? -1)
      o = Math.max(o, room[sibling + 3] ?? -1)
    }
  }

  /** The first node from `from` on that has at least this much of each, -1 where there is none. */
  findFirst(from: number, cores: number, gpus: number, memoryMiB: number, occupancy: number): number {
    if (from >= this.#leaves) return -1
    const room = this.#room
    let at = this.#leaves + from
    for (;;) {
      const first = 4 * at
      const hasRoom =
        (room[first] ?? -1) >= cores &&
        (room[first + 1] ?? -1) >= gpus &&
        (room[first + 2] ?? -1) >= memoryMiB &&
        (room[first + 3] ?? -1) >= occupancy
      if (hasRoom && at >= this.#leaves) return at - this.#leaves
      if (hasRoom) {
        at *= 2
        continue
      }
      while (at % 2 === 1) at >>= 1
      if (at === 0) return -1
      at += 1
    }
  }
}
