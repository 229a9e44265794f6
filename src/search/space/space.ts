/**
 * The space of a search: parameters, their conditions, and the objectives. All errors are reported
 * here, in one line with the field, before any job is made.
 */
import * as v from 'valibot'
import { requestError, type BjobError } from '../../core/text/errors.ts'
import { nearestWord } from '../../lib/text/nearest.ts'
import { fieldsOf, finite, firstProblem, isObject, mapOf, whole } from '../../lib/shapes.ts'
import {
  countLevels,
  formatValue,
  indexOfValue,
  isValueOf,
  type ParameterConditions,
  type Parameter,
  type Value,
} from './parameter.ts'

export type Direction = 'minimise' | 'maximise'

/** One objective: a field of the result and its direction. */
export interface Objective {
  readonly field: string
  readonly direction: Direction
}

export interface Space {
  /** Parameters in written order, except that each follows those named in its conditions. */
  readonly parameters: readonly Parameter[]
  readonly direction: Direction
  /**
   * Field of result.dat with the objective; if undefined, the file is a number or the field is
   * guessed.
   */
  readonly objective: string | undefined
  /** Further objectives; empty in most searches. */
  readonly further: readonly Objective[]
}

const number = finite('must be a finite number')
const integer = whole('must be a whole number')
const valueMessage = 'must be JSON: text, a number, true, false, null, a list or a map'
const plainValue = v.union([v.string(), finite(valueMessage), v.boolean(), v.null()], valueMessage)
const value: v.GenericSchema<Value> = v.lazy((input) =>
  Array.isArray(input) ? v.array(value) : isObject(input) ? mapOf(v.string(), value, valueMessage) : plainValue,
)
const log = v.optional(v.boolean('must be true or false'))
const when = v.optional(mapOf(v.string(), value, 'must be a mapping such as {activation: [tanh, relu]}'))

const FLOAT = { type: v.literal('float'), low: number, high: number, log, step: v.optional(number), when }
const INTEGER = { type: v.literal('integer'), low: integer, high: integer, log, step: v.optional(integer), when }
const CATEGORICAL = {
  type: v.optional(v.literal('categorical', 'must be categorical')),
  choices: v.array(value, 'must be a list'),
  when,
}
const TYPES = ['float', 'integer', 'categorical']

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  minimise: 'minimise',
  minimize: 'minimise',
  maximise: 'maximise',
  maximize: 'maximise',
}

const directionWord = v.string('must be minimise or maximise')
const objectiveMessage = 'must be the name of a field of the result'
const SPACE = {
  parameters: mapOf(v.string(), v.unknown(), 'must be a mapping of names to ranges or choices'),
  direction: v.optional(directionWord),
  objective: v.optional(v.pipe(v.string(objectiveMessage), v.nonEmpty(objectiveMessage))),
  objectives: v.optional(
    mapOf(v.string(), directionWord, 'must be a mapping such as {loss: minimise, seconds: minimise}'),
  ),
}

const NO_PARAMETER = 'must be a mapping such as {type: float, low: 0, high: 1}'
const PARAMETER_NAME = /^[A-Za-z_][\w.-]*$/u

/**
 * Parses a space from YAML or JSON values.
 * @throws BjobError `bad-space` with the dotted path in `detail.field`
 */
export function parseSpace(input: unknown): Space {
  const { parameters, objectives, direction, objective } = check(
    SPACE,
    input,
    '',
    'must be a mapping with the key parameters',
  )
  if (objectives !== undefined && (direction !== undefined || objective !== undefined))
    throw badSpace('objectives', `excludes ${objective === undefined ? 'direction' : 'objective'}`)
  const [first, ...further] =
    objectives === undefined
      ? [{ field: objective, direction: parseDirection('direction', direction ?? 'minimise') }]
      : Object.entries(objectives).map(([field, word]) => ({
          field,
          direction: parseDirection(`objectives.${field}`, word),
        }))
  if (first === undefined) throw badSpace('objectives', 'is empty')
  const parsed = Object.entries(parameters).map(([name, spec]) => parseParameter(name, spec))
  if (parsed.length === 0) throw badSpace('parameters', 'has no parameters')
  const byName = new Map(parsed.map((parameter) => [parameter.name, parameter]))
  for (const parameter of parsed) checkConditions(parameter, byName)
  return {
    parameters: sortByCondition(parsed, byName),
    direction: first.direction,
    objective: first.field,
    further: further.map(({ field = '', direction: sought }) => ({ field, direction: sought })),
  }
}

function parseDirection(field: string, word: string): Direction {
  const known = Object.hasOwn(DIRECTIONS, word) ? DIRECTIONS[word] : undefined
  if (known) return known
  throw badSpace(field, `must be minimise or maximise, not ${JSON.stringify(word)}`)
}

function parseParameter(name: string, spec: unknown): Parameter {
  const field = `parameters.${name}`
  if (!PARAMETER_NAME.test(name) || name === '__proto__')
    throw badSpace(field, 'is not a name: letters, digits and _ . - only, and no digit first')
  if (!isObject(spec)) throw badSpace(field, NO_PARAMETER)
  const type = spec['type'] ?? ('choices' in spec ? 'categorical' : undefined)
  if (type === 'float') {
    const { low, high, log = false, step, when } = check(FLOAT, spec, field, NO_PARAMETER)
    checkRange(field, low, high, log, step)
    return { kind: 'float', name, low, high, log, step, when: readConditions(when) }
  }
  if (type === 'integer') {
    const { low, high, log = false, step, when } = check(INTEGER, spec, field, NO_PARAMETER)
    checkRange(field, low, high, log, step)
    return { kind: 'integer', name, low, high, log, step: step ?? 1, when: readConditions(when) }
  }
  if (type !== 'categorical') throw badSpace(`${field}.type`, describeUnknownType(type))
  const { choices, when } = check(CATEGORICAL, spec, field, NO_PARAMETER)
  if (choices.length === 0) throw badSpace(`${field}.choices`, 'is empty')
  const repeated = choices.find((choice, index) => indexOfValue(choices, choice) !== index)
  if (repeated !== undefined) throw badSpace(`${field}.choices`, `lists ${formatValue(repeated)} twice`)
  return { kind: 'categorical', name, choices, when: readConditions(when) }
}

function describeUnknownType(type: unknown): string {
  if (type === undefined) return `is missing: ${TYPES.join(', ')}`
  if (typeof type !== 'string') return `must be one of ${TYPES.join(', ')}, not ${JSON.stringify(type)}`
  const nearest = nearestWord(type, TYPES) ?? TYPES.find((known) => known.startsWith(type))
  return `is '${type}'; known are ${TYPES.join(', ')}${nearest ? ` (did you mean ${nearest}?)` : ''}`
}

function checkRange(field: string, low: number, high: number, log: boolean, step: number | undefined): void {
  if (low > high) throw badSpace(field, `has an empty range: low ${low} is above high ${high}`)
  if (log && low <= 0) throw badSpace(`${field}.low`, `must be above 0 on a log scale, not ${low}`)
  if (step === undefined) return
  if (step <= 0) throw badSpace(`${field}.step`, `must be above 0, not ${step}`)
  if (log) throw badSpace(`${field}.step`, 'cannot be combined with log')
  if (step > high - low) throw badSpace(`${field}.step`, `is ${step}, more than the range from ${low} to ${high}`)
}

function readConditions(when: Readonly<Record<string, Value>> | undefined): ParameterConditions {
  return new Map(Object.entries(when ?? {}).map(([name, values]) => [name, isList(values) ? values : [values]]))
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function checkConditions(parameter: Parameter, byName: ReadonlyMap<string, Parameter>): void {
  for (const [name, values] of parameter.when) {
    const field = `parameters.${parameter.name}.when.${name}`
    const parent = byName.get(name)
    if (!parent) throw badSpace(field, `is not a parameter of this space${suggest(name, [...byName.keys()])}`)
    if (countLevels(parent) === Infinity)
      throw badSpace(field, 'is a float without step, so no condition can refer to it')
    if (values.length === 0) throw badSpace(field, 'is empty')
    const impossible = values.find((allowed) => !isValueOf(parent, allowed))
    if (impossible !== undefined)
      throw badSpace(field, `contains ${formatValue(impossible)}, which is not a value of ${name}`)
  }
}

function sortByCondition(parameters: readonly Parameter[], byName: ReadonlyMap<string, Parameter>): Parameter[] {
  const sorted = new Set<Parameter>()
  const visit = (parameter: Parameter, path: readonly string[]): void => {
    if (path.includes(parameter.name))
      throw badSpace(`parameters.${parameter.name}.when`, `is a cycle: ${[...path, parameter.name].join(' → ')}`)
    for (const name of parameter.when.keys()) {
      const parent = byName.get(name)
      if (parent) visit(parent, [...path, parameter.name])
    }
    sorted.add(parameter)
  }
  for (const parameter of parameters) visit(parameter, [])
  return [...sorted]
}

/** Parses exactly these fields and reports the first error in one line. */
function check<const Entries extends v.ObjectEntries>(
  entries: Entries,
  input: unknown,
  field: string,
  message: string,
): v.InferOutput<v.StrictObjectSchema<Entries, string>> {
  const parsed = v.safeParse(fieldsOf(entries, message), input)
  if (parsed.success) return parsed.output
  const problem = firstProblem(parsed.issues)
  const path = [field, ...problem.path.map(String)].filter((part) => part !== '').join('.')
  if (problem.isUnknown) {
    const key = String(problem.path.at(-1))
    throw badSpace(path, `is unknown${suggest(key, Object.keys(entries))}`)
  }
  if (problem.input === undefined) throw badSpace(path, 'is missing')
  // JSON has no NaN.
  const found = typeof problem.input === 'number' ? String(problem.input) : JSON.stringify(problem.input)
  throw badSpace(path, `${problem.message}, not ${found}`)
}

function suggest(word: string, words: readonly string[]): string {
  const nearest = nearestWord(word, words)
  return nearest ? ` (did you mean ${nearest}?)` : `; known are ${words.join(', ')}`
}

function badSpace(field: string, problem: string): BjobError {
  return requestError('bad-space', `${field || 'the space'} ${problem}`, field ? { field } : {})
}
