/** Jobs as a tree: each once, below the nearest listed parent. */
import { parentsOf } from '../../client/change/change.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'

export interface TreeRow {
  readonly entry: JobEntry
  /** The id, indented by depth. */
  readonly label: string
}

/** The rows of a tree. Jobs without a listed parent are roots, in the order of `entries`. */
export function treeRows(entries: readonly JobEntry[]): TreeRow[] {
  const listed = new Set(entries.map(({ id }) => id))
  const roots: JobEntry[] = []
  const children = new Map<string, JobEntry[]>()
  for (const entry of entries) {
    // The last parent is the nearest: a child has its spawner's parents, then its spawner.
    const parent = parentsOf(entry).findLast((id) => listed.has(id) && id !== entry.id)
    const siblings = parent === undefined ? roots : children.get(parent)
    if (siblings === undefined) children.set(parent ?? '', [entry])
    else siblings.push(entry)
  }
  const rows: TreeRow[] = []
  const seen = new Set<string>()
  // An explicit stack, because chains may exceed the call stack.
  const open = roots.toReversed().map((entry) => ({ entry, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { entry, depth } = next
    seen.add(entry.id)
    rows.push({ entry, label: `${'  '.repeat(depth)}${entry.id}` })
    for (const child of (children.get(entry.id) ?? []).toReversed()) open.push({ entry: child, depth: depth + 1 })
  }
  // Jobs in a cycle have no root.
  for (const entry of entries) if (!seen.has(entry.id)) rows.push({ entry, label: entry.id })
  return rows
}
