/**
 * A driver's coprocess: requests arrive and replies and ends leave as lines of JSON, so that a
 * driver in any language starts bjob once. Spawns that arrive together are made together. All state
 * can be requested again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BjobError, requestError } from '../../core/text/errors.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { explainSystemError } from '../../core/text/system-error.ts'
import type { ReadLine } from '../../lib/text/line-splitter.ts'
import { defined } from '../../lib/defined.ts'
import type { JobResult, ResultOptions } from '../ends/read-results.ts'
import { conditionsOf, toFilter } from './session-filter.ts'
import { SessionOutput } from './session-output.ts'
import {
  type ParsedRequest,
  type RequestId,
  type RequestOf,
  type SessionRequest,
  parseRequest,
} from './session-request.ts'
import { SpawnBatcher } from './session-spawn.ts'
import type { SiteClient } from '../site-client.ts'

/** Increases with incompatible changes of the protocol. */
export const SESSION_PROTOCOL = 1

export interface SessionContext {
  /** Writes text to the driver; resolves when it is written, rejects when the driver is gone. */
  readonly write: (text: string) => Promise<void>
  /** A job in the replies to `get` and `query`. */
  readonly describe: (entry: JobEntry) => Readonly<Record<string, unknown>>
}

interface Subscription {
  readonly stop: AbortController
  readonly follow: boolean
  readonly acknowledge: boolean
  /** Continues with the next end. */
  acknowledged: (() => void) | undefined
}

/**
 * A request is `{"op": …, "id": …}` with further fields; its reply is `{"id": …, "ok": …}` or
 * `{"id": …, "error": {"code", "message", …}}`. An end is `{"of": ID, "end": {…}}` with the id of
 * the `results` request. Requests start in order, and a spawn completes before later requests
 * start; replies come as they are ready.
 */
export class DriverSession {
  readonly #client: SiteClient
  readonly #context: SessionContext
  readonly #output: SessionOutput
  readonly #spawns: SpawnBatcher
  readonly #subscriptions = new Map<RequestId, Subscription>()
  readonly #running = new Set<Promise<void>>()
  #queue: ParsedRequest[] = []
  #pump: Promise<void> | undefined
  #lastQuery: Promise<unknown> = Promise.resolve()
  #lineCount = 0
  #closeId: RequestId | undefined
  #isEnding = false

  constructor(client: SiteClient, context: SessionContext) {
    this.#client = client
    this.#context = context
    this.#output = new SessionOutput(context.write)
    this.#spawns = new SpawnBatcher(client)
  }

  /** True after `close`: later lines are not read. */
  get isClosing(): boolean {
    return this.#closeId !== undefined
  }

  /** Processes a line. Never throws: errors are sent to the driver. */
  receive(line: ReadLine): void {
    this.#lineCount += 1
    if (this.isClosing || ('text' in line && line.text.trim() === '')) return
    const parsed = parseRequest(line, this.#lineCount)
    if (parsed.ok && parsed.request.op === 'close') this.#closeId = parsed.request.id
    else this.#queue.push(parsed)
    this.#pump ??= this.#work()
  }

  /**
   * End of input. Resolves when every request has its reply. Following subscriptions end; others
   * deliver what exists.
   */
  async end(): Promise<void> {
    await this.#pump
    this.#isEnding = true
    for (const subscription of this.#subscriptions.values())
      if (subscription.follow || subscription.acknowledge) stopFollowing(subscription)
    while (this.#running.size > 0) await Promise.all(this.#running)
    if (this.#closeId !== undefined) this.#reply(this.#closeId, null)
    await this.#output.settled()
  }

  async #work(): Promise<void> {
    // All available lines form one batch.
    await nextTurn()
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      const spawns: RequestOf<'spawn'>[] = []
      for (const parsed of batch) {
        const request = parsed.ok ? parsed.request : undefined
        if (request?.op === 'spawn') {
          spawns.push(request)
          continue
        }
        await this.#spawn(spawns.splice(0))
        if (request !== undefined) this.#begin(request)
        else if (!parsed.ok) this.#refuse(parsed.id, parsed.error)
      }
      await this.#spawn(spawns)
      await nextTurn()
    }
    this.#pump = undefined
  }

  async #spawn(requests: readonly RequestOf<'spawn'>[]): Promise<void> {
    await this.#spawns.spawn(
      requests,
      (id, ok) => this.#reply(id, ok),
      (id, error) => this.#refuse(id, error),
    )
  }

  #begin(request: Exclude<SessionRequest, { op: 'spawn' }>): void {
    if (request.op === 'ack') return this.#acknowledge(request)
    const running = this.#answer(request)
      .then(
        (ok) => this.#reply(request.id, ok),
        (error: unknown) => this.#refuse(request.id, error),
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #answer(request: Exclude<SessionRequest, { op: 'spawn' | 'ack' }>): Promise<unknown> {
    const { describe } = this.#context
    switch (request.op) {
      case 'ping':
        return { protocol: SESSION_PROTOCOL, site: this.#client.root, job: this.#client.environment?.id ?? null }
      case 'get':
        return describe((await this.#client.job(request.job)).entry)
      case 'read':
        return { content: await (await this.#client.job(request.job)).readFile(request.file) }
      case 'query':
        return (await this.#queryInTurn(request)).map(describe)
      case 'kill':
        return this.#kill(request)
      case 'set':
        return (await this.#client.job(request.job)).set(request.fields)
      case 'retry':
        return this.#client.retry(request.job)
      case 'remove':
        return this.#client.remove(request.job)
      case 'results':
        return { ends: await this.#follow(request) }
      case 'stop': {
        const subscription = this.#subscriptions.get(request.of)
        if (subscription === undefined) throw noSubscription(request.of)
        stopFollowing(subscription)
        return null
      }
      case 'close':
        return null
    }
  }

  async #kill({ job, recursive = false }: RequestOf<'kill'>): Promise<unknown> {
    if (!recursive) return this.#client.kill(job)
    const { killFamilies } = await import('../change/kill-jobs.ts')
    return killFamilies(this.#client.site, [(await this.#client.job(job)).id])
  }

  /** One at a time: concurrent queries would read the same journal lines. */
  async #queryInTurn(request: RequestOf<'query'>): Promise<JobEntry[]> {
    const found = this.#lastQuery.then(() => this.#query(request))
    this.#lastQuery = found.catch(() => {})
    return found
  }

  async #query({ filter = [], exclude = [], order_by: orders, limit }: RequestOf<'query'>): Promise<JobEntry[]> {
    let query = this.#client.jobs
    for (const one of filter) query = query.filter(conditionsOf(one))
    for (const one of exclude) query = query.exclude(conditionsOf(one))
    if (orders !== undefined) query = query.orderBy(...orders)
    return (limit === undefined ? query : query.slice(0, limit)).entries()
  }

  /** @returns the number of delivered ends */
  async #follow({
    id,
    cursor,
    file,
    filter,
    follow = true,
    acknowledge = false,
  }: RequestOf<'results'>): Promise<number> {
    if (this.#subscriptions.has(id))
      throw requestError('bad-request', `results ${JSON.stringify(id)} is already running`, { field: 'id' })
    const wanted = toFilter(filter ?? {})
    const stop = new AbortController()
    const subscription: Subscription = { stop, follow, acknowledge, acknowledged: undefined }
    this.#subscriptions.set(id, subscription)
    if (this.#isEnding && (follow || acknowledge)) stop.abort()
    const options: ResultOptions = {
      follow,
      signal: stop.signal,
      ...defined({ cursor, file }),
      filter: wanted,
    }
    let count = 0
    try {
      for await (const end of this.#client.results(options)) {
        if (!(await this.#deliver(id, end, subscription))) break
        count += 1
      }
    } finally {
      this.#subscriptions.delete(id)
    }
    return count
  }

  /** @returns true if the driver has received it */
  async #deliver(id: RequestId, end: JobResult, subscription: Subscription): Promise<boolean> {
    const { acknowledge, stop } = subscription
    const acknowledged = new Promise<boolean>((resolve) => {
      if (!acknowledge) return resolve(true)
      subscription.acknowledged = () => resolve(true)
      if (stop.signal.aborted) resolve(false)
      else stop.signal.addEventListener('abort', () => resolve(false), { once: true })
    })
    if (!(await this.#output.send({ of: id, end }))) return false
    const hasIt = await acknowledged
    subscription.acknowledged = undefined
    return hasIt
  }

  #acknowledge({ id, of }: RequestOf<'ack'>): void {
    const acknowledged = this.#subscriptions.get(of)?.acknowledged
    if (acknowledged === undefined) this.#refuse(id ?? null, noSubscription(of))
    else {
      acknowledged()
      if (id !== undefined) this.#reply(id, null)
    }
  }

  #reply(id: RequestId, ok: unknown): void {
    void this.#output.send({ id, ok })
  }

  #refuse(id: RequestId | null, error: unknown): void {
    void this.#output.send({ id, error: describeError(error) })
  }
}

function stopFollowing({ stop }: Subscription): void {
  stop.abort()
}

function noSubscription(of: RequestId): BjobError {
  return requestError('bad-request', `no running results ${JSON.stringify(of)}`, { field: 'of' })
}

/** An error for the driver: the fields of a BjobError, or the system's code. */
function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof BjobError) {
    const { path, line, field } = error.detail
    return { code: error.code, message: error.message, hint: error.hint, ...defined({ path, line, field }) }
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected'
  const failure = explainSystemError(error)
  if (failure !== undefined)
    return {
      code,
      message: failure.meaning,
      hint: failure.hint,
      ...(failure.path === '' ? {} : { path: failure.path }),
    }
  return { code, message: error instanceof Error ? error.message : String(error) }
}
