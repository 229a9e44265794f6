/**
 * A priority queue for items that arrive almost in order: the first is at hand, a late one is
 * inserted.
 */

/** Removed items are cut off together, once there are this many and at least half of all. */
const FEWEST_TO_CUT = 1024

export class OrderedQueue<Item> {
  #items: (Item | undefined)[] = []
  #begin = 0
  readonly #isBefore: (a: Item, b: Item) => boolean

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#items.length - this.#begin
  }

  /** The first item, which stays in the queue. */
  get first(): Item | undefined {
    return this.#items[this.#begin]
  }

  /** Inserts an item behind those that it does not precede. */
  push(item: Item): void {
    const items = this.#items
    let low = this.#begin
    let high = items.length
    // Its place is usually near the end.
    for (let step = 1; high - step >= low; step *= 2) {
      if (this.#isBefore(item, items[high - step] as Item)) high -= step
      else low = high - step + 1
    }
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#isBefore(item, items[middle] as Item)) high = middle
      else low = middle + 1
    }
    if (low === items.length) items.push(item)
    else items.splice(low, 0, item)
  }

  /** Removes and returns the first item. */
  pop(): Item | undefined {
    const item = this.#items[this.#begin]
    if (this.size === 0) return undefined
    this.#items[this.#begin] = undefined
    this.#begin += 1
    if (this.#begin >= FEWEST_TO_CUT && this.#begin * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#begin)
      this.#begin = 0
    }
    return item
  }
}
