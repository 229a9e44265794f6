/**
 * Parses YAML written by users, with limits, and with the position of each field for error
 * messages.
 */
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
  /**
   * The value with a `Written` for each number and constant whose source differs: for text fields.
   */
  readonly written: unknown
  /** Position of the value at `path`; for a missing key, of its nearest parent. */
  locate(path: readonly PropertyKey[]): TextPosition
}

/** Larger than hand-written files, small enough that no nesting costs seconds. */
const MAX_BYTES = 4 * 1024 * 1024
const MAX_DEPTH = 64
/**
 * Block nesting: `- - - x`, or growing indentation. Thousands of levels crash a parser's process.
 */
const DEEP_BLOCK = new RegExp(`(?:[-?:][ \\t]+){${MAX_DEPTH},}|^[ \\t]{${MAX_DEPTH * 8},}`, 'm')

/**
 * @param file for error messages
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
    // The parser compares each key with all others and formats each error: 20,000 keys would take
    // half a minute.
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
  // Keys are always text.
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
    // Throws if a value contains itself.
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

/** @returns true if any source differs */
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

/** The maximum number of open brackets: flow nesting makes a parser recurse. */
function deepestNesting(text: string): number {
  let depth = 0
  let deepest = 0
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}

/** Formats a map in the given key order without folding long words. Deterministic. */
export function formatYaml(record: object): string {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined)
  if (fields.length === 0) return formatAnyYaml({})
  return fields.map(([name, value]) => formatPlainField(name, value) ?? formatAnyYaml({ [name]: value })).join('')
}

function formatAnyYaml(record: object): string {
  return stringify(record, { lineWidth: 0, flowCollectionPadding: false })
}
