/**
 * The requests that wait for room. Those alike in what they need are of one shape: where one of them has no room, no other has, so that a line
 * of a million jobs is passed over at the cost of its few shapes. Within a shape they stand in groups of one priority and wall time.
 */
import { Heap } from '../lib/heap.ts'
import type { PlacementRequest } from './node-pool.ts'
import { compareUrgency } from './placement-request.ts'

export interface Waiting {
  readonly request: PlacementRequest
  /** Among requests that are equally urgent, the lower first. */
  readonly order: number
}

interface Group<Item> {
  readonly priority: number
  readonly wallSeconds: number
  readonly items: Heap<Item>
}

/** A shape's groups, the most urgent first. */
type Shape<Item> = Group<Item>[]

export class WaitingLine<Item extends Waiting> {
  readonly #shapes = new Map<string, Shape<Item>>()
  readonly #keeps: (item: Item) => boolean

  /** @param keeps asked when an item's turn comes; one that has no business here any more is dropped */
  constructor(keeps: (item: Item) => boolean = () => true) {
    this.#keeps = keeps
  }

  push(item: Item): void {
    const { priority, wallSeconds } = item.request
    const key = shapeOf(item.request)
    let shape = this.#shapes.get(key)
    if (shape === undefined) this.#shapes.set(key, (shape = []))
    // The first group that does not come before this one.
    let low = 0
    for (let high = shape.length; low < high;) {
      const middle = (low + high) >> 1
      const group = shape[middle]
      const isBefore =
        group !== undefined &&
        (group.priority > priority || (group.priority === priority && group.wallSeconds > wallSeconds))
      if (isBefore) low = middle + 1
      else high = middle
    }
    let group = shape[low]
    if (group?.priority !== priority || group.wallSeconds !== wallSeconds) {
      group = { priority, wallSeconds, items: new Heap((a, b) => a.order < b.order) }
      shape.splice(low, 0, group)
    }
    group.items.push(item)
  }

  /** One for each shape, at its most urgent item. They go stale with the next push. */
  cursors(): Cursor<Item>[] {
    return [...this.#shapes.values()].map((shape) => new Cursor(shape, this.#keeps))
  }
}

export class Cursor<Item extends Waiting> {
  readonly #shape: Shape<Item>
  readonly #keeps: (item: Item) => boolean
  #at = 0

  constructor(shape: Shape<Item>, keeps: (item: Item) => boolean) {
    this.#shape = shape
    this.#keeps = keeps
  }

  /** The item whose turn it is; undefined behind the last one. */
  get head(): Item | undefined {
    for (let group = this.#shape[this.#at]; group !== undefined; group = this.#shape[this.#at]) {
      const item = group.items.first
      if (item !== undefined && this.#keeps(item)) return item
      if (item === undefined) this.dropGroup()
      else group.items.pop()
    }
    return undefined
  }

  /** Takes the head out of the line. */
  take(): void {
    this.#shape[this.#at]?.items.pop()
  }

  /** Goes on to what is less urgent or shorter. */
  skipGroup(): void {
    this.#at += 1
  }

  /** Takes all of the head's priority and wall time out of the line. */
  dropGroup(): void {
    this.#shape.splice(this.#at, 1)
  }
}

/** The cursor whose head comes first; undefined when all are at their end. */
export function findMostUrgent<Item extends Waiting>(cursors: Iterable<Cursor<Item>>): Cursor<Item> | undefined {
  let best: Cursor<Item> | undefined
  let bestHead: Item | undefined
  for (const cursor of cursors) {
    const { head } = cursor
    if (head === undefined) continue
    const difference = bestHead === undefined ? -1 : compareUrgency(head.request, bestHead.request)
    if (difference > 0 || (difference === 0 && head.order > (bestHead?.order ?? Infinity))) continue
    best = cursor
    bestHead = head
  }
  return best
}

function shapeOf(request: PlacementRequest): string {
  const { nodes, ranksPerNode, threadsPerRank, threadsPerCore, gpusPerRank, memoryMiBPerNode, packing, exclusive } =
    request
  const needs = [nodes, ranksPerNode, threadsPerRank, threadsPerCore, gpusPerRank, memoryMiBPerNode ?? 0, packing ?? 0]
  return `${needs.join(' ')}${exclusive === true ? ' whole' : ''}`
}
