/** Keeps the worst habits out of comments, messages and documents, as far as a test can. */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')
const COLUMNS = 100

/** A clause in the place of a noun. */
const BAD_START = /^(What|Whether|Whose|Of (those|these|what|each|all|several|one|two)|As many|So many|Such)\b/
const BAD_WORDS =
  /\b(in vain|anew|, be it|for want of|(?<![Tt]here )is no (?!longer\b)|(?<![Tt]here )are no (?!longer\b))/
/** A process neither hears nor wants anything. */
const PERSONS = /\b(nobody|somebody|whoever) (hears|tells|wants|knows|looks|waits|asks)\b/

interface Passage {
  readonly place: string
  readonly text: string
}

function listFiles(folder: string, ending: RegExp): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => path.join(folder, name))
    .toSorted()
}

const readText = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8')

const BLOCK = /^ *\/\*\*?[^]*?\*\//gm
const LINES = /(?:^ *\/\/ .*\n)+/gm
/** Of Python, shell and YAML, but not the directives of a batch script. */
const HASHES = /(?:^ *# (?!flux:).*\n)+/gm

const isScript = (file: string): boolean => /\.(ts|js|mjs)$/.test(file)

/** The comments of a file, each as one line of text. */
function commentsOf(file: string): Passage[] {
  const text = readText(file)
  const comments = isScript(file) ? [BLOCK, LINES] : [HASHES]
  return comments
    .flatMap((pattern) => [...text.matchAll(pattern)])
    .map((match) => ({
      place: `${file}:${text.slice(0, match.index).split('\n').length}`,
      text: match[0]
        .replaceAll(/^ *(?:\/\*\*?|\*\/|\*|\/\/|#) ?/gm, '')
        .replace(/\s*\*\/$/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    }))
}

/** The string literals of a file that consist of words. */
function messagesOf(file: string): Passage[] {
  const code = readText(file).replaceAll(BLOCK, '').replaceAll(LINES, '')
  return [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)]
    .map(([, one = '', two = '', three = '']) => ({ place: file, text: one + two + three }))
    .filter(({ text }) => /[a-z]+ [a-z]+/i.test(text))
}

function faultsOf({ place, text }: Passage): string[] {
  const found = [BAD_START, BAD_WORDS, PERSONS].map((pattern) => pattern.exec(text)?.[0])
  return found.filter((word) => word !== undefined).map((word) => `${place}: "${word}" in ${text.slice(0, 90)}`)
}

function longLines(file: string): string[] {
  return readText(file)
    .split('\n')
    .map((line, at) => ({ line, at: at + 1 }))
    .filter(({ line }) => (isScript(file) ? /^ *(\/\*\*|\*|\/\/) / : /^ *# /).test(line) && [...line].length > COLUMNS)
    .filter(({ line }) => !/(es|ox)lint-disable/.test(line))
    .map(({ at }) => `${file}:${at}`)
}

const sources = listFiles('src', /\.ts$/)
const commented = [
  ...sources,
  ...listFiles('test', /\.(ts|mjs|py)$/),
  ...listFiles('bin', /\.js$/),
  ...listFiles('templates', /\.(mjs|py|sh|yaml)$/),
]

describe('comments', () => {
  test(`take at most ${COLUMNS} columns`, () => {
    expect(commented.length).toBeGreaterThan(600)
    expect(commented.flatMap(longLines)).toEqual([])
  })

  test('say what a thing is, in the order of English', () => {
    expect(commented.flatMap((file) => commentsOf(file).flatMap(faultsOf))).toEqual([])
  })
})

test('messages, help and hints say what happened, in the order of English', () => {
  const messages = sources.flatMap(messagesOf)
  expect(messages.length).toBeGreaterThan(1000)
  expect(messages.flatMap(faultsOf)).toEqual([])
})

test('documents keep to the same English', () => {
  const files = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...listFiles('docs', /\.md$/)]
  const paragraphs = files.flatMap((file) =>
    readText(file)
      .split(/\n{2,}/)
      .map((text) => ({ place: file, text: text.replaceAll(/\s+/g, ' ') })),
  )
  expect(paragraphs.flatMap(faultsOf)).toEqual([])
})
