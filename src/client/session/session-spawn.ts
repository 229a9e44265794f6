/**
 * Spawns of a session: simultaneous requests are made together, but each succeeds or fails
 * separately.
 */
import { BjobError, requestError } from '../../core/text/errors.ts'
import type { RequestId, RequestOf } from './session-request.ts'
import type { SiteClient } from '../site-client.ts'
import type { Spawned } from '../spawn/spawn-jobs.ts'
import { nameTaken } from '../spawn/name-choice.ts'
import { SpawnProblems } from '../spawn/spawn-problems.ts'

type SpawnLine = RequestOf<'spawn'>
type Reply = (id: RequestId, ok: unknown) => void
type Refuse = (id: RequestId, error: unknown) => void

/** Group size of `spawnRecords`: if it refuses a group, nothing of it was made. */
const LARGEST = 200

export class SpawnBatcher {
  readonly #client: SiteClient

  constructor(client: SiteClient) {
    this.#client = client
  }

  /** Makes the jobs in order and answers each request. */
  async spawn(requests: readonly SpawnLine[], reply: Reply, refuse: Refuse): Promise<void> {
    for (let at = 0; at < requests.length;) {
      const key = keyOf(requests[at])
      const alike: SpawnLine[] = []
      for (
        let next = requests[at];
        next !== undefined && keyOf(next) === key && alike.length < LARGEST;
        next = requests[++at]
      )
        alike.push(next)
      await this.#spawnAlike(alike, reply, refuse)
    }
  }

  async #spawnAlike(requests: readonly SpawnLine[], reply: Reply, refuse: Refuse): Promise<void> {
    const [first] = requests
    if (first === undefined) return
    let spawned: Spawned[]
    try {
      spawned = await this.#client.spawnRecords(
        requests.map(({ job }) => ({ record: job })),
        // Taken names are handled below; as an error, they would fail a batch after part of it was
        // made.
        {
          ifExists: first.if_exists === 'rename' ? 'rename' : 'reuse',
          ...(first.folder === undefined ? {} : { folder: first.folder }),
        },
      )
    } catch (error) {
      const isMistake = error instanceof BjobError && error.kind === 'request'
      if (!isMistake || requests.length === 1) {
        for (const { id } of requests) refuse(id, mergeProblems(error))
        return
      }
      // An error fails a whole batch; bisection finds it in a few steps.
      const middle = requests.length >> 1
      await this.#spawnAlike(requests.slice(0, middle), reply, refuse)
      return this.#spawnAlike(requests.slice(middle), reply, refuse)
    }
    for (const [index, { id, if_exists: ifExists }] of requests.entries()) {
      const made = spawned[index]
      if (made === undefined) continue
      if (!made.isNew && (ifExists ?? 'error') === 'error') refuse(id, nameTaken(made.id))
      else reply(id, { id: made.id, new: made.isNew, dir: this.#client.site.layout.job(made.id).dir })
    }
  }
}

/** Requests with the same key may be made together. */
function keyOf(request: SpawnLine | undefined): string {
  return JSON.stringify([request?.if_exists === 'rename', request?.folder ?? ''])
}

/** All errors of one record as one error. */
function mergeProblems(error: unknown): unknown {
  const [first] = error instanceof SpawnProblems ? error.problems : []
  if (!(error instanceof SpawnProblems) || first === undefined) return error
  return requestError(first.code, error.problems.map(({ message }) => message).join('; '), first.detail)
}
