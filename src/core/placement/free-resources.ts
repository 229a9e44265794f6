/**
 * Data structures of a node pool: free ids per node as bits, and a tree that finds the first node
 * with enough resources. Arrays only, for speed.
 */

/** A node's ids in order, and each by itself: jobs share these arrays, which saves memory. */
export interface Numbers<Id> {
  readonly all: readonly Id[]
  readonly alone: readonly (readonly Id[])[]
}

/** The ids of each node, shared among nodes with equal lists. */
export function shareNumbers<Id>(ids: readonly (readonly Id[])[]): Numbers<Id>[] {
  const known = new Map<string, Numbers<Id>>()
  return ids.map((all) => {
    const key = JSON.stringify(all)
    const numbers = known.get(key) ?? { all, alone: all.map((id) => [id]) }
    known.set(key, numbers)
    return numbers
  })
}

/**
 * A set of free positions per node, as bits. The lowest are taken first, which keeps a job's cores
 * together.
 */
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

  /** Takes the lowest free ids, or fewer if there are not enough. */
  take<Id>(node: number, wanted: number, { all, alone }: Numbers<Id>): readonly Id[] {
    if (wanted >= all.length && this.count(node) === all.length) {
      this.#words.fill(0, node * this.#stride, (node + 1) * this.#stride)
      this.#counts[node] = 0
      return all
    }
    if (wanted === 1) return alone[this.#takeLowest(node)] ?? []
    const taken: Id[] = []
    for (let count = Math.min(wanted, this.count(node)); count > 0; count--) {
      const id = all[this.#takeLowest(node)]
      if (id !== undefined) taken.push(id)
    }
    // A copy without spare capacity, which would be kept for as long as the job runs.
    return taken.slice()
  }

  /** Returns ids from `take`, in the same order. */
  give<Id>(node: number, given: readonly Id[], { all }: Numbers<Id>): void {
    if (given.length === all.length) return this.#fill(node, all.length)
    let position = -1
    // Ids are in list order, so each is searched behind the previous one.
    for (const id of given) {
      position = all.indexOf(id, position + 1)
      this.#flip(node, position)
    }
    this.#counts[node] = this.count(node) + given.length
  }

  /** Position of the lowest free id, or -1. */
  #takeLowest(node: number): number {
    const begin = node * this.#stride
    for (let word = 0; word < this.#stride; word++) {
      const bits = this.#words[begin + word] ?? 0
      if (bits === 0) continue
      this.#words[begin + word] = bits & (bits - 1)
      this.#counts[node] = this.count(node) - 1
      return word * 32 + 31 - Math.clz32(bits & -bits)
    }
    return -1
  }

  /** Marks all as free. */
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

/**
 * Four numbers per node, with the maxima of each subtree: a subtree with too small a maximum has no
 * suitable node.
 */
export class RoomTree {
  readonly #leaves: number
  /** The four numbers are adjacent, because they are read together. */
  readonly #room: Float64Array

  constructor(nodes: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, nodes)))
    this.#room = new Float64Array(2 * this.#leaves * 4).fill(-1)
  }

  set(node: number, cores: number, gpus: number, memoryMiB: number, occupancy: number): void {
    const room = this.#room
    let c = cores
    let g = gpus
    let m = memoryMiB
    let o = occupancy
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

  /** The first node from `from` on with at least this much of each, or -1. */
  findFirst(from: number, cores: number, gpus: number, memoryMiB: number, occupancy: number): number {
    if (from >= this.#leaves) return -1
    const room = this.#room
    let at = this.#leaves + from
    // Ascends to the largest subtree that starts there: for a full pool, one comparison suffices.
    while (at % 2 === 0) at >>= 1
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
