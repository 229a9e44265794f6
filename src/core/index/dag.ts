/** Jobs as a graph of parents and children: descendants, order, and cycles. */
import type { JobId } from '../job/id.ts'

/** A job and the jobs that must finish first. */
export interface Kin {
  readonly id: JobId
  readonly parents: readonly JobId[]
}

export class Dag {
  readonly #parents = new Map<JobId, readonly JobId[]>()
  readonly #children = new Map<JobId, JobId[]>()

  constructor(jobs: Iterable<Kin>) {
    for (const { id, parents } of jobs) {
      this.#parents.set(id, parents)
      for (const parent of parents) {
        const children = this.#children.get(parent)
        if (children === undefined) this.#children.set(parent, [id])
        else children.push(id)
      }
    }
  }

  /** All descendants of `ids`, without these, each once; nearer ones first. */
  descendants(ids: Iterable<JobId>): JobId[] {
    const seen = new Set(ids)
    const own = seen.size
    // A Set iterates in insertion order, including elements added during iteration.
    for (const id of seen) for (const child of this.#children.get(id) ?? []) seen.add(child)
    return [...seen].slice(own)
  }

  /**
   * A chain of parents from `from` up to `to`, both included; `undefined` if there is none. Visits
   * each job once.
   */
  pathUp(from: JobId, to: JobId): JobId[] | undefined {
    const cameFrom = new Map<JobId, JobId | undefined>([[from, undefined]])
    for (const [id] of cameFrom) {
      if (id === to) return trace(cameFrom, to)
      for (const parent of this.#parents.get(id) ?? []) if (!cameFrom.has(parent)) cameFrom.set(parent, id)
    }
    return undefined
  }

  /**
   * `ids` in groups: a job's parents among them are in earlier groups. Cycles and their descendants
   * come last, in one group.
   */
  levels(ids: Iterable<JobId>): JobId[][] {
    const chosen = new Set(ids)
    const missing = new Map<JobId, number>()
    for (const id of chosen)
      missing.set(id, new Set(this.#parents.get(id)?.filter((parent) => chosen.has(parent))).size)
    const levels: JobId[][] = []
    let level = [...chosen].filter((id) => missing.get(id) === 0)
    while (level.length > 0) {
      levels.push(level)
      const next: JobId[] = []
      for (const id of level) {
        missing.delete(id)
        for (const child of new Set(this.#children.get(id))) {
          const left = missing.get(child)
          if (left === undefined) continue
          missing.set(child, left - 1)
          if (left === 1) next.push(child)
        }
      }
      level = next
    }
    if (missing.size > 0) levels.push([...missing.keys()])
    return levels
  }
}

function trace(cameFrom: ReadonlyMap<JobId, JobId | undefined>, to: JobId): JobId[] {
  const path: JobId[] = []
  for (let id: JobId | undefined = to; id !== undefined; id = cameFrom.get(id)) path.unshift(id)
  return path
}
