/**
 * The waiting requests. Requests with equal needs form a shape: if one of them does not fit, none
 * does, so that a line of a million jobs is skipped at the cost of its few shapes. Within a shape,
 * requests are grouped by priority and wall time.
 */
import { OrderedQueue } from '../../lib/ordered-queue.ts'
import type { PlacementRequest } from './node-need.ts'
import { compareUrgency } from './placement-request.ts'

export interface Waiting {
  readonly request: PlacementRequest
  /** Among equally urgent requests, the lower comes first. */
  readonly order: number
}

interface Group<Item> {
  readonly priority: number
  readonly wallSeconds: number
  readonly items: OrderedQueue<Item>
}

export class WaitingLine<Item extends Waiting> {
  readonly #shapes = new Map<string, Shape<Item>>()
  /** The shapes, most urgent first as of the last sort. */
  #sorted: Shape<Item>[] = []
  readonly #keeps: (item: Item) => boolean

  /** @param keeps called at an item's turn; items that are no longer wanted are dropped */
  constructor(keeps: (item: Item) => boolean = () => true) {
    this.#keeps = keeps
  }

  push(item: Item): void {
    const key = keyOf(item.request)
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      this.#shapes.set(key, (shape = new Shape(this.#keeps)))
      this.#sorted.push(shape)
    }
    shape.push(item)
  }

  /** The shapes in turn, each at its most urgent item. Invalid after the next push. */
  turns(): Turns<Item> {
    for (const shape of this.#sorted) shape.restart()
    // The order has hardly changed since the last time.
    for (let from = this.#sorted.length - 2; from >= 0; from--) sink(this.#sorted, from)
    return new Turns(this.#sorted)
  }
}

/** The items of one shape. */
export class Shape<Item extends Waiting> {
  /** Most urgent first. */
  readonly #groups: Group<Item>[] = []
  readonly #keeps: (item: Item) => boolean
  #at = 0
  #head: Item | undefined

  constructor(keeps: (item: Item) => boolean) {
    this.#keeps = keeps
  }

  /** The current item; undefined after the last one. */
  get head(): Item | undefined {
    return this.#head
  }

  /** Number of groups skipped since the restart. */
  get skipped(): number {
    return this.#at
  }

  push(item: Item): void {
    const { priority, wallSeconds } = item.request
    const groups = this.#groups
    // The first group that does not precede this one.
    let low = 0
    for (let high = groups.length; low < high;) {
      const middle = (low + high) >> 1
      const group = groups[middle]
      const isBefore =
        group !== undefined &&
        (group.priority > priority || (group.priority === priority && group.wallSeconds > wallSeconds))
      if (isBefore) low = middle + 1
      else high = middle
    }
    let group = groups[low]
    if (group?.priority !== priority || group.wallSeconds !== wallSeconds) {
      group = { priority, wallSeconds, items: new OrderedQueue((a, b) => a.order < b.order) }
      groups.splice(low, 0, group)
    }
    group.items.push(item)
  }

  /** Returns to the most urgent item. */
  restart(): void {
    this.#at = 0
    this.#findHead()
  }

  /** Removes the head from the line. */
  take(): void {
    this.#groups[this.#at]?.items.pop()
    this.#findHead()
  }

  /** Moves to a less urgent or shorter group. */
  skipGroup(): void {
    this.#at += 1
    this.#findHead()
  }

  /** Removes all items of the head's priority and wall time. */
  dropGroup(): void {
    this.#groups.splice(this.#at, 1)
    this.#findHead()
  }

  #findHead(): void {
    for (let group = this.#groups[this.#at]; group !== undefined; group = this.#groups[this.#at]) {
      for (this.#head = group.items.first; this.#head !== undefined; this.#head = group.items.first) {
        if (this.#keeps(this.#head)) return
        group.items.pop()
      }
      this.#groups.splice(this.#at, 1)
    }
    this.#head = undefined
  }
}

/** Iterates over the shapes, always at the one with the most urgent head. */
export class Turns<Item extends Waiting> {
  readonly #shapes: Shape<Item>[]
  #at = 0

  /** @param shapes most urgent first */
  constructor(shapes: Shape<Item>[]) {
    this.#shapes = shapes
  }

  /** The current shape; undefined at the end. */
  get shape(): Shape<Item> | undefined {
    const shape = this.#shapes[this.#at]
    return shape?.head === undefined ? undefined : shape
  }

  /** Ends the turn of the current shape. */
  pass(): void {
    this.#at += 1
  }

  /** The current shape has a new, less urgent head. */
  goOn(): void {
    sink(this.#shapes, this.#at)
  }
}

/** Moves a shape behind those that precede it; the shapes after it are in order. */
function sink<Item extends Waiting>(shapes: Shape<Item>[], from: number): void {
  const shape = shapes[from]
  let at = from
  for (let next = shapes[at + 1]; next !== undefined && isBefore(next, shape); next = shapes[at + 1]) {
    shapes[at] = next
    at += 1
  }
  if (shape !== undefined) shapes[at] = shape
}

/** True if the head of one precedes the other's; an exhausted shape comes last. */
function isBefore<Item extends Waiting>({ head }: Shape<Item>, other: Shape<Item> | undefined): boolean {
  const last = other?.head
  if (head === undefined || last === undefined) return head !== undefined
  const difference = compareUrgency(head.request, last.request)
  return difference < 0 || (difference === 0 && head.order < last.order)
}

function keyOf(request: PlacementRequest): string {
  const { nodes, ranksPerNode, threadsPerRank, threadsPerCore, gpusPerRank, memoryMiBPerNode, packing } = request
  const needs = [nodes, ranksPerNode, threadsPerRank, threadsPerCore, gpusPerRank, memoryMiBPerNode ?? 0, packing ?? 0]
  return `${needs.join(' ')}${request.exclusive === true ? ' whole' : ''}${request.alone === true ? ' alone' : ''}`
}
