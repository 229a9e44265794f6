import { expect, test } from 'vitest'
import { parseRequest } from '../../../src/client/session/session-request.ts'
import { BjobError } from '../../../src/core/text/errors.ts'

const parse = (text: string, number: number) => parseRequest({ text }, number)
const filter = (text: string): string => `{"op":"query","id":1,"filter":${text}}`

test.each([
  ['{"op":"get","id":1}', 'job', 'job is missing'],
  ['{"op":"get","id":1,"job":""}', 'job', 'job is empty'],
  ['{"op":"get","id":1,"job":7}', 'job', 'job must be text'],
  ['{"op":"get","id":1,"jbo":"a"}', 'jbo', 'get has no field jbo'],
  ['{"op":"ping","id":1e400}', 'id', 'id must be a number or text'],
  ['{"op":"ping","id":9007199254740993}', 'id', 'id is a number that cannot be stored exactly; put it in quotes'],
  [
    filter('{"data":{"seed":9007199254740993}}'),
    'filter.data.seed',
    'filter.data.seed is a number that cannot be stored exactly; put it in quotes',
  ],
  ['{"op":"ping","id":1,"__proto__":1}', '__proto__', 'ping has no field __proto__'],
  ['{"op":"ping","id":1,"constructor":1}', 'constructor', 'ping has no field constructor'],
  ['{"op":"spawn","id":1,"job":{},"if_exists":"perhaps"}', 'if_exists', 'if_exists must be error, reuse or rename'],
  ['{"op":"set","id":1,"job":"a","fields":["b"]}', 'fields', 'fields must be a map of fields'],
  ['{"op":"query","id":1,"limit":1e300}', 'limit', 'limit must be a whole number'],
  ['{"op":"query","id":1,"limit":-1}', 'limit', 'limit must be at least 0'],
  ['{"op":"results","id":1,"filter":["a"]}', 'filter', 'filter must be a map of fields'],
  ['{"op":"results","id":1,"filter":{"state":[1]}}', 'filter.state.0', 'filter.state.0 must be text'],
  [filter('{"nmae":"a"}'), 'filter.0.nmae', 'query has no field filter.0.nmae'],
  [filter('{"name":1}'), 'filter.0.name', 'filter.0.name must be text, a list of texts, or operators'],
  [filter('{"name":{"contains":1}}'), 'filter.0.name.contains', 'filter.0.name.contains must be text'],
  [filter('[{},{"name":{"starts":"a"}}]'), 'filter.1.name.starts', 'query has no field filter.1.name.starts'],
  [filter('{"tags":{"constructor":1}}'), 'filter.0.tags.constructor', /must be text, a list of texts, or operators/],
  [
    filter('{"data":{"loss":1e400}}'),
    'filter.0.data.loss',
    /must be text, a list of texts, a number, true, false, null, or operators/,
  ],
  [filter('{"data":["a"]}'), 'filter.0.data', 'filter.0.data must be a map of fields'],
])('%s is refused with its field named', (line, field, message) => {
  const parsed = parse(line, 3)
  if (parsed.ok) throw new Error('not refused')
  expect(parsed.id).toBe(field === 'id' ? null : 1)
  if (!(parsed.error instanceof BjobError)) throw parsed.error
  expect(parsed.error.detail).toMatchObject({ field, line: 3 })
  expect(parsed.error.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
})

test('one word or filter is a list of one; keys are data, whatever they are called', () => {
  const line = filter('{"name":"a*","tags":{"constructor":"x"},"data":{"prototype":null,"b":{"in":["c"]}}}')
  expect(parse(line, 1)).toEqual({
    ok: true,
    request: {
      op: 'query',
      id: 1,
      filter: [{ name: ['a*'], tags: { constructor: ['x'] }, data: { prototype: null, b: { in: ['c'] } } }],
    },
  })
})
