/** Finds the taken names of a workflow by single lookups, or by a listing if that is cheaper. */
import { jobId } from '../../core/job/id.ts'
import { countLinks, hasJob, listNames } from '../../site/disk/job-folder.ts'
import type { Site } from '../../site/site.ts'

/** Names that a listing returns in the time of one lookup. */
const NAMES_A_LOOK = 30
/** Some file systems do not count subfolders, or stop here: the link count is then 1. */
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

  /**
   * Lists the folder once the lookups have cost as much, so that the total is at most twice the
   * optimum.
   */
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
