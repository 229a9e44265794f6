/** Chooses the ids of a spawn: each once, and free unless reuse is intended. */
import { type BjobError, type ErrorDetail, requestError } from '../../core/text/errors.ts'
import { type JobId, nameOf, workflowOf } from '../../core/job/id.ts'
import type { Site } from '../../site/site.ts'
import { TakenNames } from './taken-names.ts'

/** If a name is taken: refuse, return the existing job, or append -2, -3, … */
export type IfExists = 'error' | 'reuse' | 'rename'

/** `isReused`: an existing job is reused. */
export interface ChosenId {
  readonly id: JobId
  readonly isReused: boolean
}

export class NameChoice {
  readonly #site: Site
  readonly #ifExists: IfExists
  /** Chosen ids with their positions. */
  readonly #chosen = new Map<JobId, string>()
  readonly #taken = new Map<string, TakenNames>()

  constructor(site: Site, ifExists: IfExists) {
    this.#site = site
    this.#ifExists = ifExists
  }

  has(id: JobId): boolean {
    return this.#chosen.has(id)
  }

  /** @throws BjobError `name-taken` */
  async choose(wanted: JobId, where: ErrorDetail): Promise<ChosenId> {
    const position = where.line === undefined ? '' : `line ${where.line}`
    let id = wanted
    for (let count = 2; ; count++) {
      const twin = this.#chosen.get(id)
      if (twin === undefined && !(await this.#isTaken(id))) {
        this.#chosen.set(id, position)
        return { id, isReused: false }
      }
      if (twin !== undefined && this.#ifExists !== 'rename') throw askedTwice(id, twin)
      if (this.#ifExists === 'error') throw nameTaken(id)
      if (this.#ifExists === 'reuse') {
        this.#chosen.set(id, position)
        return { id, isReused: true }
      }
      id = `${wanted}-${count}`
    }
  }

  async #isTaken(id: JobId): Promise<boolean> {
    const workflow = workflowOf(id)
    let names = this.#taken.get(workflow)
    if (names === undefined) this.#taken.set(workflow, (names = new TakenNames(this.#site, workflow)))
    return names.has(nameOf(id))
  }
}

export function nameTaken(id: JobId): BjobError {
  return requestError('name-taken', `job ${id} already exists`, {
    field: 'name',
    hint: 'choose another name, or use --if-exists reuse (keep the existing job) or rename',
  })
}

function askedTwice(id: JobId, first: string): BjobError {
  const message = `${id} appears twice${first === '' ? '' : `, first at ${first}`}`
  return requestError('name-taken', message, { field: 'name' })
}
