/** What a driver may ask in a session: one JSON object a line, checked here, so that a mistake is told in one line that names the field. */
import * as z from 'zod'
import { hintFor } from '../core/error-hints.ts'
import { requestError } from '../core/errors.ts'
import { nearestWord } from '../lib/nearest.ts'
import { queryFilters, wordFilter, words } from './session-filter.ts'

const requestId = z.union([z.string(), z.number()], 'must be a number or text')
const text = z.string('must be text').min(1, 'is empty')
const flag = z.boolean('must be true or false')

/** Each kind of request under its `op`; `id` is given back with the reply. */
const SCHEMAS = {
  ping: z.strictObject({ op: z.literal('ping'), id: requestId }),
  spawn: z.strictObject({
    op: z.literal('spawn'),
    id: requestId,
    job: z.unknown(),
    if_exists: z.enum(['error', 'reuse', 'rename'], 'must be error, reuse or rename').optional(),
    folder: text.optional(),
  }),
  get: z.strictObject({ op: z.literal('get'), id: requestId, job: text }),
  read: z.strictObject({ op: z.literal('read'), id: requestId, job: text, file: text }),
  query: z.strictObject({
    op: z.literal('query'),
    id: requestId,
    filter: queryFilters.optional(),
    exclude: queryFilters.optional(),
    order_by: words.optional(),
    limit: z.int('must be a whole number').min(0, 'must be at least 0').optional(),
  }),
  kill: z.strictObject({ op: z.literal('kill'), id: requestId, job: text, recursive: flag.optional() }),
  set: z.strictObject({
    op: z.literal('set'),
    id: requestId,
    job: text,
    fields: z.record(z.string(), z.unknown(), 'must be a map of fields'),
  }),
  retry: z.strictObject({ op: z.literal('retry'), id: requestId, job: text }),
  remove: z.strictObject({ op: z.literal('remove'), id: requestId, job: text }),
  results: z.strictObject({
    op: z.literal('results'),
    id: requestId,
    cursor: text.optional(),
    file: text.optional(),
    filter: wordFilter.optional(),
    follow: flag.optional(),
    acknowledge: flag.optional(),
  }),
  ack: z.strictObject({ op: z.literal('ack'), id: requestId.optional(), of: requestId }),
  stop: z.strictObject({ op: z.literal('stop'), id: requestId, of: requestId }),
  close: z.strictObject({ op: z.literal('close'), id: requestId }),
} as const

export type RequestId = z.output<typeof requestId>
export type SessionRequest = z.output<(typeof SCHEMAS)[keyof typeof SCHEMAS]>
export type RequestOf<Op extends SessionRequest['op']> = Extract<SessionRequest, { op: Op }>

const OPS: readonly string[] = Object.keys(SCHEMAS)

/** A request, or what is wrong with its line, with the `id` that could be made out. */
export type ParsedRequest =
  | { readonly ok: true; readonly request: SessionRequest }
  | { readonly ok: false; readonly id: RequestId | null; readonly error: Error }

/** @param number of the line, from 1: for messages */
export function parseRequest(line: string, number: number): ParsedRequest {
  let value: unknown
  try {
    value = JSON.parse(line)
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
    error: requestError('bad-request', message, { line: number, ...(field === undefined ? {} : { field }) }),
  })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail(null, `line ${number} is no JSON object`)
  const fields = new Map<string, unknown>(Object.entries(value))
  const given = requestId.safeParse(fields.get('id'))
  const id = given.success ? given.data : null
  const op = fields.get('op')
  if (!isOp(op)) {
    const near = typeof op === 'string' ? nearestWord(op, OPS) : undefined
    const said = op === undefined ? 'op is missing' : `op cannot be ${JSON.stringify(op)}`
    return fail(id, `${said}; ${near === undefined ? `it is one of ${OPS.join(', ')}` : `did you mean ${near}?`}`, 'op')
  }
  const parsed = SCHEMAS[op].safeParse(value)
  if (parsed.success) return { ok: true, request: parsed.data }
  const issue = parsed.error.issues.find(({ code }) => code === 'unrecognized_keys') ?? parsed.error.issues[0]
  const path = (issue?.path ?? []).map(String)
  if (issue?.code === 'unrecognized_keys') {
    const field = [...path, issue.keys[0] ?? ''].join('.')
    return fail(id, `${op} has no field ${field}`, field)
  }
  const field = path.join('.')
  const isMissing = path.length === 1 && !fields.has(field)
  return fail(id, `${field} ${isMissing ? 'is missing' : (issue?.message ?? 'is wrong')}`, field)
}

function isOp(op: unknown): op is keyof typeof SCHEMAS {
  return typeof op === 'string' && Object.hasOwn(SCHEMAS, op)
}
