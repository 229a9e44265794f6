/** YAML that people write, read with limits, and with the line of each field kept for error messages. */
import { type Document, LineCounter, type Scalar, isScalar, parseDocument, stringify, visit } from 'yaml'
import { Written, writtenNumber } from '../../lib/text/written.ts'
import { requestError } from './errors.ts'
import { formatPlainField, parsePlainYaml } from './plain-yaml.ts'

export interface TextPosition {
  readonly line: number
  readonly column: number
}

export interface YamlText {
  readonly value: unknown
  /** The value with a `Written` for each number and constant that was written otherwise: for fields that hold text. */
  readonly written: unknown
  /** Where the value at `path` stands; of a key that is not there, where its nearest parent does. */
  locate(path: readonly PropertyKey[]): TextPosition
}

/** More than a person writes, and little enough that no nesting trick costs seconds. */
const MAX_BYTES = 4 * 1024 * 1024
const MAX_DEPTH = 64
/** Nesting by lines: `- - - x`, or ever more blanks in front. A parser that meets thousands of them takes its whole process down. */
const DEEP_BLOCK = new RegExp(`(?:[-?:][ \\t]+){${MAX_DEPTH},}|^[ \\t]{${MAX_DEPTH * 8},}`, 'm')

/**
 * @param file named in errors
 * @throws BjobError `bad-yaml` with line and column
 */
export function parseYaml(text: string, file: string): YamlText {
  if (text.length > MAX_BYTES) throw requestError('bad-yaml', `is larger than ${MAX_BYTES} bytes`, { path: file })
  const value = parsePlainYaml(text)
  if (value !== undefined) return { value, written: value, locate: (path) => parseAnyYaml(text, file).locate(path) }
  return parseAnyYaml(text, file)
}

function parseAnyYaml(text: string, file: string): YamlText {
  if (deepestNesting(text) > MAX_DEPTH || DEEP_BLOCK.test(text))
    throw requestError('bad-yaml', `is nested deeper than ${MAX_DEPTH} levels`, { path: file })
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    // The parser compares each key with all others, and draws each error: a file of 20,000 keys would take it half a minute.
    uniqueKeys: false,
    prettyErrors: false,
    strict: true,
    merge: false,
    resolveKnownTags: false,
  })
  const problem = document.errors[0] ?? document.warnings[0] ?? findRepeatedKey(document)
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0])
    throw requestError('bad-yaml', (problem.message.split('\n')[0] ?? '').replace(/ at line \d+.*$/, ''), {
      path: file,
      line,
      column: col,
    })
  }
  // Keys are text wherever they are read.
  visit(document, { Scalar: (key, node) => (key === 'key' ? keepWord(node) : undefined) })
  const value = toValue(document, text, file)
  const isWritten = keepSources(document)
  return {
    value,
    written: isWritten ? toValue(document, text, file) : value,
    locate: (path) => {
      for (let depth = path.length; depth >= 0; depth--) {
        const node = document.getIn(path.slice(0, depth), true)
        if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
          const { line, col } = lines.linePos(Number(node.range[0]))
          return { line, column: col }
        }
      }
      return { line: 1, column: 1 }
    },
  }
}

function toValue(document: Document.Parsed, text: string, file: string): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 10 })
    // Says so when something holds itself.
    if (text.includes('*')) JSON.stringify(value)
    return value
  } catch (error) {
    throw requestError(
      'bad-yaml',
      error instanceof ReferenceError ? error.message : 'has an alias that contains itself',
      {
        path: file,
        line: 1,
        cause: error,
      },
    )
  }
}

function keepWord(key: Scalar): void {
  if (key.source !== undefined && (typeof key.value === 'number' || typeof key.value === 'boolean'))
    key.value = key.source
}

/** @returns whether there was any that is written otherwise */
function keepSources(document: Document.Parsed): boolean {
  let isAny = false
  visit(document, {
    Scalar: (_, node) => {
      const { value, source } = node
      if (source === undefined || (typeof value !== 'number' && typeof value !== 'boolean')) return
      const written = typeof value === 'number' ? writtenNumber(source, value) : keepConstant(source, value)
      if (typeof written !== 'object') return
      node.value = written
      isAny = true
    },
  })
  return isAny
}

function keepConstant(source: string, value: boolean): boolean | Written {
  return source === String(value) ? value : new Written(source, value)
}

function findRepeatedKey(
  document: Document.Parsed,
): { readonly message: string; readonly pos: readonly [number, number] } | undefined {
  let found: { readonly message: string; readonly pos: readonly [number, number] } | undefined
  visit(document, {
    Map: (_, { items }) => {
      const keys = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (keys.has(key.value)) {
          const [begin = 0, end = 0] = key.range ?? []
          found = { message: 'Map keys must be unique', pos: [begin, end] }
          return visit.BREAK
        }
        keys.add(key.value)
      }
      return undefined
    },
  })
  return found
}

/** The most brackets open at once: flow nesting is what makes a parser recurse. */
function deepestNesting(text: string): number {
  let depth = 0
  let deepest = 0
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}

/** The text of a map, keys in the order given, long words not folded. Made again from the same values it is the same. */
export function formatYaml(record: object): string {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined)
  if (fields.length === 0) return formatAnyYaml({})
  return fields.map(([name, value]) => formatPlainField(name, value) ?? formatAnyYaml({ [name]: value })).join('')
}

function formatAnyYaml(record: object): string {
  return stringify(record, { lineWidth: 0, flowCollectionPadding: false })
}
