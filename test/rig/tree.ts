/** The content of a folder, for comparisons and to find leftovers. */
import fs from 'node:fs'
import path from 'node:path'

/** Every file below `folder` with its content, every link with its target, every folder. */
export function listTree(folder: string): Record<string, string> {
  const tree: Record<string, string> = {}
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const file = path.join(folder, name)
    const stat = fs.lstatSync(file)
    if (stat.isDirectory()) tree[`${name}/`] = ''
    else
      tree[name] = stat.isSymbolicLink()
        ? `-> ${fs.readlinkSync(file)}`
        : stat.isFile()
          ? fs.readFileSync(file, 'utf8')
          : 'special'
  }
  return tree
}

/**
 * Locks, drafts, revision links and folders under construction: what a change leaves when it is cut
 * off, and nothing else does.
 */
export function findLeftovers(folder: string): string[] {
  if (!fs.existsSync(folder)) return []
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => /(^|\/)(\.lock|\.state-[^/]*|\.revision-[^/]*|\.new-[^/]*)$/.test(name)).toSorted()
}
