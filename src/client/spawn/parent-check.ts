/** Checks the parents of new jobs and finds the unfinished ones. */
import { BjobError, requestError } from '../../core/text/errors.ts'
import { type JobId, fullId } from '../../core/job/id.ts'
import type { State } from '../../core/life/states.ts'
import { readJobState } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import type { JobEnvironment } from '../job-environment.ts'

export interface FoundParents {
  readonly all: readonly JobId[]
  readonly unfinished: readonly JobId[]
}

export class ParentCheck {
  readonly #site: Site
  /** The spawning job, if any. */
  readonly #spawner: JobEnvironment | undefined
  readonly #isNew: (id: JobId) => boolean
  /** Each parent is read once. */
  readonly #states = new Map<JobId, State | BjobError>()

  /** @param isNew true for a job of the same spawn, which has no folder yet */
  constructor(site: Site, spawner: JobEnvironment | undefined, isNew: (id: JobId) => boolean) {
    this.#site = site
    this.#spawner = spawner
    this.#isNew = isNew
  }

  /**
   * A child's parents: its spawner's parents, its spawner, and those it names (Balsam's
   * `dag.spawn_child`).
   * @throws BjobError `own-parent`, `unknown-parent`, or for a parent's broken files
   */
  async find(named: readonly string[], own: JobId): Promise<FoundParents> {
    const inherited = this.#spawner === undefined ? [] : [...this.#spawner.parents, this.#spawner.id]
    const all = new Set<JobId>([...inherited, ...named.map(fullId)])
    const unfinished: JobId[] = []
    for (const parent of all) {
      if (parent === own) throw requestError('own-parent', `${own} cannot be its own parent`, { field: 'parents' })
      const state = this.#isNew(parent) ? 'CREATED' : await this.#stateOf(parent, inherited.includes(parent))
      if (state === undefined) all.delete(parent)
      else if (state !== 'JOB_FINISHED') unfinished.push(parent)
    }
    return { all: [...all], unfinished }
  }

  /** @returns undefined for a removed parent of the spawner, which is not an error of the child */
  async #stateOf(id: JobId, isInherited: boolean): Promise<State | undefined> {
    const known = this.#states.get(id) ?? (await this.#read(id))
    this.#states.set(id, known)
    if (typeof known === 'string') return known
    if (known.code !== 'unknown-job') throw known
    if (isInherited) return undefined
    throw requestError('unknown-parent', `no such parent: ${id}`, { field: 'parents' })
  }

  async #read(id: JobId): Promise<State | BjobError> {
    try {
      return (await readJobState(this.#site, id)).state
    } catch (error) {
      if (error instanceof BjobError) return error
      throw error
    }
  }
}
