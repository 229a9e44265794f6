/** A queue in a given order, for items that come about in that order: the first is had at once, and one that comes late goes to its place. */

/** Gone items are cut off together, once they are that many and at least half of all. */
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

  /** Stays where it is. */
  get first(): Item | undefined {
    return this.#items[this.#begin]
  }

  /** Goes behind those that it is not before. */
  push(item: Item): void {
    const items = this.#items
    let low = this.#begin
    let high = items.length
    // Its place is seldom far from the end.
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

  /** Takes the first item away. */
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
