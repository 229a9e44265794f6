/**
 * The requests of a session: one JSON object per line, validated here, so that an error is one line
 * with the field.
 */
import * as v from 'valibot'
import { hintFor } from '../../core/text/error-hints.ts'
import { requestError } from '../../core/text/errors.ts'
import { parseJson } from '../../core/text/json-text.ts'
import type { ReadLine } from '../../lib/text/line-splitter.ts'
import { LOSS, findLoss, toPlain } from '../../lib/text/written.ts'
import { nearestWord } from '../../lib/text/nearest.ts'
import { finite, firstProblem, mapOf, whole } from '../../lib/shapes.ts'
import { defined } from '../../lib/defined.ts'
import { queryFilters, wordFilter, words } from './session-filter.ts'

const requestId = v.union([v.string(), finite('must be a number or text')], 'must be a number or text')
const text = v.pipe(v.string('must be text'), v.nonEmpty('is empty'))
const flag = v.boolean('must be true or false')
const request = <const Entries extends v.ObjectEntries>(entries: Entries) => v.strictObject(entries, 'is missing')

/** Request types by `op`; `id` is returned with the reply. */
const SCHEMAS = {
  ping: request({ op: v.literal('ping'), id: requestId }),
  spawn: request({
    op: v.literal('spawn'),
    id: requestId,
    job: v.unknown(),
    if_exists: v.optional(v.picklist(['error', 'reuse', 'rename'], 'must be error, reuse or rename')),
    folder: v.optional(text),
  }),
  get: request({ op: v.literal('get'), id: requestId, job: text }),
  read: request({ op: v.literal('read'), id: requestId, job: text, file: text }),
  query: request({
    op: v.literal('query'),
    id: requestId,
    filter: v.optional(queryFilters),
    exclude: v.optional(queryFilters),
    order_by: v.optional(words),
    limit: v.optional(v.pipe(whole('must be a whole number'), v.minValue(0, 'must be at least 0'))),
  }),
  kill: request({ op: v.literal('kill'), id: requestId, job: text, recursive: v.optional(flag) }),
  set: request({
    op: v.literal('set'),
    id: requestId,
    job: text,
    fields: mapOf(v.string(), v.unknown(), 'must be a map of fields'),
  }),
  retry: request({ op: v.literal('retry'), id: requestId, job: text }),
  remove: request({ op: v.literal('remove'), id: requestId, job: text }),
  results: request({
    op: v.literal('results'),
    id: requestId,
    cursor: v.optional(text),
    file: v.optional(text),
    filter: v.optional(wordFilter),
    follow: v.optional(flag),
    acknowledge: v.optional(flag),
  }),
  ack: request({ op: v.literal('ack'), id: v.optional(requestId), of: requestId }),
  stop: request({ op: v.literal('stop'), id: requestId, of: requestId }),
  close: request({ op: v.literal('close'), id: requestId }),
}

export type RequestId = v.InferOutput<typeof requestId>
export type SessionRequest = v.InferOutput<(typeof SCHEMAS)[keyof typeof SCHEMAS]>
export type RequestOf<Op extends SessionRequest['op']> = Extract<SessionRequest, { op: Op }>

const OPS: readonly string[] = Object.keys(SCHEMAS)

/** A request, or the error in its line with the `id`, if readable. */
export type ParsedRequest =
  | { readonly ok: true; readonly request: SessionRequest }
  | { readonly ok: false; readonly id: RequestId | null; readonly error: Error }

/** @param number line number from 1, for messages */
export function parseRequest(line: ReadLine, number: number): ParsedRequest {
  if ('problem' in line)
    return {
      ok: false,
      id: null,
      error: requestError('bad-request', `line ${number} ${line.problem}`, { line: number }),
    }
  let value: unknown
  try {
    value = parseJson(line.text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be read'
    return {
      ok: false,
      id: null,
      error: requestError('bad-json', `line ${number} is not JSON: ${reason}`, {
        line: number,
        hint: hintFor('bad-request'),
      }),
    }
  }
  const fail = (id: RequestId | null, message: string, field?: string): ParsedRequest => ({
    ok: false,
    id,
    error: requestError('bad-request', message, { line: number, ...defined({ field }) }),
  })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail(null, `line ${number} is not a JSON object`)
  const fields = new Map<string, unknown>(Object.entries(value))
  const asked = fields.get('id')
  const given = v.safeParse(requestId, findLoss(asked) === undefined ? toPlain(asked) : undefined)
  const id = given.success ? given.output : null
  for (const [key, content] of fields) {
    // Some fields of jobs accept numbers as written.
    if (key === 'job' || key === 'fields') continue
    const loss = findLoss(content)
    const field = [key, ...(loss ?? [])].map(String).join('.')
    if (loss !== undefined) return fail(id, `${field} ${LOSS}`, field)
    fields.set(key, toPlain(content))
  }
  const op = fields.get('op')
  if (!isOp(op)) {
    const near = typeof op === 'string' ? nearestWord(op, OPS) : undefined
    const said = op === undefined ? 'op is missing' : `unknown op ${JSON.stringify(op)}`
    return fail(id, `${said}; ${near === undefined ? `it is one of ${OPS.join(', ')}` : `did you mean ${near}?`}`, 'op')
  }
  const parsed = v.safeParse(SCHEMAS[op], Object.fromEntries(fields))
  if (parsed.success) return { ok: true, request: parsed.output }
  const { path, message, isUnknown } = firstProblem(parsed.issues)
  const field = path.map(String).join('.')
  return fail(id, isUnknown ? `${op} has no field ${field}` : `${field} ${message}`, field)
}

function isOp(op: unknown): op is keyof typeof SCHEMAS {
  return typeof op === 'string' && Object.hasOwn(SCHEMAS, op)
}
