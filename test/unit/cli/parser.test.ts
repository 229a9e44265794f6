import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Input, type Option } from '../../../src/cli/command/option.ts'
import { HelpAsked, parseCommand } from '../../../src/cli/command/parser.ts'

const options: readonly Option[] = [
  { name: 'name', value: 'NAME', summary: '' },
  { name: 'output', alias: 'o', value: 'FILE', summary: '' },
  { name: 'tag', value: 'K=V', isList: true, summary: '' },
  { name: 'no-wait-for-parents', summary: '' },
  { name: 'force', alias: 'f', summary: '' },
]

function parse(...words: string[]): Input {
  return parseCommand('run', { words: '[ID…]', options, examples: [] }, words)
}

function parseWithArguments(...words: string[]): Input {
  return parseCommand('run', { words: '[ID…] [-- ARG…]', options, examples: [] }, words)
}

/** Words that cac and its parser would change: numbers in disguise, flags, negations, dots. */
const tricky = fc.constantFrom(
  '007',
  '1e3',
  '0x10',
  '0123e4',
  '',
  '-',
  'true',
  'false',
  'null',
  '--',
  '--no-x',
  '-f',
  '--name',
  'a.b',
  'a=b',
  '=',
  '__proto__',
  '_',
  'Infinity',
  ' 1',
)
const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), tricky)
const word = anyText.filter((text) => !text.startsWith('-') || text === '-')

/** A flag in the place of a value is an error, as the value was probably forgotten. */
const FLAGS = new Set(['--', '--help', '-h', '-f', '-o', ...options.map(({ name }) => `--${name}`)])
const value = anyText.filter((text) => !FLAGS.has(text))

describe('parseCommand', () => {
  test.prop([value, fc.array(value)])('the value of an option comes through as it was typed', (name, tags) => {
    const input = parse(
      '--name',
      name,
      ...tags.flatMap((tag, index) => (index % 2 === 0 ? ['--tag', tag] : [`--tag=${tag}`])),
    )
    expect(input.text('name')).toBe(name)
    expect(input.list('tag')).toEqual(tags)
  })

  test.prop([anyText])('so does one that is glued to a letter', (value) => {
    expect(parse(`-o=${value}`).text('output')).toBe(value)
    fc.pre(value !== '' && !value.startsWith('='))
    expect(parse(`-o${value}`).text('output')).toBe(value)
  })

  test('a letter without a value takes none', () => {
    expect(() => parse('-fx')).toThrow(/unknown option -fx/)
    expect(() => parse('-f=x')).toThrow(/-f takes no value/)
  })

  test.prop([fc.array(word), fc.array(anyText)])('so do words after flags, and words after --', (words, rest) => {
    const typed = ['--force', ...words, '--no-wait-for-parents', '--', ...rest]
    const passing = parseWithArguments(...typed)
    expect([passing.words, passing.rest]).toEqual([words, rest])
    const plain = parse(...typed)
    expect([plain.words, plain.rest]).toEqual([[...words, ...rest], []])
    for (const input of [passing, plain]) {
      expect(input.has('force')).toBe(true)
      expect(input.has('no-wait-for-parents')).toBe(true)
      expect(input.has('tag')).toBe(false)
    }
  })

  test('refuses what is not there, with the nearest that is', () => {
    expect(() => parse('--nam', 'x')).toThrow(/--nam; did you mean --name/)
    expect(() => parse('-x')).toThrow(/unknown option -x/)
    expect(() => parse('--name')).toThrow(/--name needs a value/)
    expect(() => parse('--force=1')).toThrow(/takes no value/)
    expect(() => parse('--name', 'a', '--name', 'b')).toThrow(/given 2 times/)
    expect(parse('-f').has('force')).toBe(true)
    expect(() => parse('x', '--help')).toThrow(HelpAsked)
    expect(() => parse('-h')).toThrow(HelpAsked)
    for (const flag of ['--__proto__=x', '--constructor', '--name.x=1', '-name', '--o=x', '--wait-for-parents'])
      expect(() => parse(flag)).toThrow(/unknown option/)
    for (const flag of ['--help', '--tag', '-f', '--'])
      expect(() => parse('--name', flag, 'x')).toThrow(/--name needs a value: --name NAME/)
    expect(parse('--name=--tag').text('name')).toBe('--tag')
    expect(parse('--name', '--epochs').text('name')).toBe('--epochs')
    expect(parse('--', '--help').words).toEqual(['--help'])
  })

  test('numbers and choices are checked', () => {
    const input = new Input([], [], new Map([['n', ['x']]]))
    expect(() => input.number('n')).toThrow(/--n must be a number/)
    expect(() => input.choice('n', ['a', 'b'])).toThrow(/--n must be a or b/)
    expect(new Input([], [], new Map([['n', ['1.5']]])).number('n')).toBe(1.5)
  })
})
