/** The launcher of a command. */
import { requestError } from '../../core/text/errors.ts'
import { listLaunchers } from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'

/**
 * The launcher with that id, or with that unique prefix.
 * @returns undefined if there is none @throws BjobError `unclear-launcher` if there are several
 */
export async function findLauncher(site: Site, word: string): Promise<string | undefined> {
  const ids = await listLaunchers(site)
  if (ids.includes(word)) return word
  const found = ids.filter((id) => id.startsWith(word))
  if (found.length > 1)
    throw requestError('unclear-launcher', `${found.length} launcher ids begin with ${word}`, {
      hint: `give more of the id: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}; \`bjob ls launchers\` lists them`,
    })
  return found[0]
}
