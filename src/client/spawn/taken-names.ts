/** Which names of a workflow are taken: asked for one by one, or listed where that is cheaper. */
import { jobId } from '../../core/job/id.ts'
import { countLinks, hasJob, listNames } from '../../site/disk/job-folder.ts'
import type { Site } from '../../site/site.ts'

/** Names that a listing brings in the time of one look. */
const NAMES_A_LOOK = 30
/** From here on, or at all, some file systems do not count a folder's subfolders: their number of links is 1. */
const UNCOUNTED = 65_000

export class TakenNames {
  readonly #site: Site
  readonly #workflow: string
  #looks = 0
  #size: number | undefined
  #listed: ReadonlySet<string> | undefined

  constructor(site: Site, workflow: string) {
    this.#site = site
    this.#workflow = workflow
  }

  /** Lists once the looks have cost as much: so it never costs more than twice what would have been best, however many names are still to come. */
  async has(name: string): Promise<boolean> {
    if (this.#listed !== undefined) return this.#listed.has(name)
    this.#looks += 1
    if (this.#looks > 1 && this.#looks * NAMES_A_LOOK > (this.#size ??= await this.#countFolders())) {
      this.#listed = new Set(await listNames(this.#site, this.#workflow))
      return this.#listed.has(name)
    }
    return hasJob(this.#site, jobId(this.#workflow, name))
  }

  async #countFolders(): Promise<number> {
    const links = await countLinks(this.#site, this.#workflow)
    return links === 1 ? UNCOUNTED : links
  }
}
