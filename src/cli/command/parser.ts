/**
 * bjob's command line through cac, which holds options and aliases, parses the words, and formats
 * the help.
 */
import { type CAC, type Command as CacCommand, cac } from 'cac'
import { requestError } from '../../core/text/errors.ts'
import { didYouMean } from '../../lib/text/nearest.ts'
import type { Command } from './command.ts'
import { Input, type Option } from './option.ts'

type CacOption = NonNullable<ReturnType<CacCommand['hasOption']>>
type Flags = ReadonlyMap<string, CacOption>
type HelpCallback = NonNullable<Parameters<CAC['help']>[0]>

export type HelpSections = Parameters<HelpCallback>[0]

/**
 * Carries the help text: cac prints through `console`, whose stream takes as long to load as a
 * short command takes to run.
 */
export class HelpAsked extends Error {
  readonly sections: HelpSections

  constructor(sections: HelpSections) {
    super('help')
    this.sections = sections
  }
}

export type ParsedCommand = Pick<Command, 'words' | 'options' | 'examples'>

/**
 * Parses the words after a command's name.
 * @throws BjobError `unknown-option`, `bad-option`; HelpAsked
 */
export function parseCommand(name: string, command: ParsedCommand, argv: readonly string[]): Input {
  const parser = createParser()
  const flags = flagsOf(describe(parser, name, command), command.options)
  const words = guardWords(flags, argv, command)
  const { args, options: parsed } = parser.parse(['node', 'bjob', name, ...words], { run: false })
  const values = new Map<string, readonly string[]>()
  for (const option of command.options) {
    const known = flags.get(`--${option.name}`)
    const found: unknown = known && parsed[known.name]
    if (found === undefined || found === known?.negated) continue
    const texts = [found].flat().map((value) => (typeof value === 'string' ? unguard(value) : ''))
    if (texts.length > 1 && option.isList === undefined && option.value !== undefined)
      throw requestError('bad-option', `--${option.name} given ${texts.length} times`)
    values.set(option.name, texts)
  }
  const rest = parsed['--'] as string[]
  return takesRest(command)
    ? new Input(args.map(unguard), rest, values)
    : new Input([...args.map(unguard), ...rest], [], values)
}

/** True if the words after `--` are arguments of a job; elsewhere, they are words like others. */
export function takesRest({ words }: Pick<Command, 'words'>): boolean {
  return words.includes('-- ')
}

/** A parser with the options of all commands. */
export function createParser(): CAC {
  const parser = cac('bjob').help((sections) => {
    throw new HelpAsked(sections)
  })
  for (const option of parser.globalCommand.options) option.description = 'show this help'
  return parser
}

function describe(parser: CAC, name: string, { words, options, examples }: ParsedCommand): CacCommand {
  const described = parser.command(`${name} [...words]`)
  described.usage(`${name} ${words}${options.length > 0 ? ' [options]' : ''}`)
  for (const option of options) described.option(optionFlags(option), optionMeaning(option))
  for (const [line, meaning] of examples) described.example(`  ${line}\n      ${meaning}`)
  return described
}

/** `-f, --follow`, `-o, --output <FILE>`. */
export function optionFlags({ name, alias, value }: Option): string {
  const short = alias === undefined ? '' : `${alias.length === 1 ? `-${alias}` : `--${alias}`}, `
  return `${short}--${name}${value === undefined ? '' : ` <${value}>`}`
}

export function optionMeaning({ summary, isList, also }: Option): string {
  return `${summary}${isList === true ? ' (repeatable)' : ''}${also === undefined ? '' : ` (also ${also.join(', ')})`}`
}

/** Prefix of every value and word. */
const GUARD = '_'

function unguard(text: string): string {
  return text.slice(GUARD.length)
}

/**
 * Rewrites options to `--name=_value` and other words to `_word`. Otherwise cac would turn `007`
 * into 7, reject values that are empty or start with `-`, take the word after `--dry-run` for its
 * value, read `-n4` as two flags, and accept dots and `__proto__`.
 */
function guardWords(flags: Flags, argv: readonly string[], command: ParsedCommand): readonly string[] {
  const words: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') return [...words, ...argv.slice(at)]
    if (!word.startsWith('-') || word === '-') {
      words.push(GUARD + word)
      continue
    }
    const { flag, given } = splitWord(flags, word)
    const option = flags.get(flag)
    if (option === undefined) throw unknownOption(flags, flag, command)
    if (option.name === 'help') return ['--help']
    if (option.required !== true) {
      if (given !== undefined) throw requestError('bad-option', `${flag} takes no value`)
      words.push(`--${option.negated ? 'no-' : ''}${option.name}`)
      continue
    }
    const value = given ?? argv[++at]
    // Then the value before it is missing.
    const isOption = given === undefined && value !== undefined && (value === '--' || flags.has(value))
    if (value === undefined || isOption)
      throw requestError(
        'bad-option',
        `${flag} needs a value: ${flag} ${/<(.*)>/.exec(option.rawName)?.[1] ?? ''}`,
        isOption ? { hint: `if ${value} is the value, write ${flag}=${value}` } : {},
      )
    words.push(`--${option.name}=${GUARD}${value}`)
  }
  return words
}

/** A flag and the value in the same word: `--nodes=4`, or `-n4` and `-n=4`. */
function splitWord(flags: Flags, word: string): { flag: string; given: string | undefined } {
  const letter = word.slice(0, 2)
  if (word.length > 2 && letter !== '--' && flags.get(letter)?.required === true)
    return { flag: letter, given: word.slice(word[2] === '=' ? 3 : 2) }
  const equals = word.indexOf('=')
  return equals < 0 ? { flag: word, given: undefined } : { flag: word.slice(0, equals), given: word.slice(equals + 1) }
}

/**
 * cac's options by each flag; its own search takes `-name`, `--o` and `--name.x` for `--name` and
 * `-o`, too.
 */
function flagsOf({ options, globalCommand }: CacCommand, described: readonly Option[]): Flags {
  const flags = new Map<string, CacOption>()
  for (const option of [...options, ...(globalCommand?.options ?? [])])
    for (const flag of option.rawName.split(' <', 1)[0]?.split(', ') ?? []) flags.set(flag, option)
  for (const { name, also = [] } of described) {
    const option = flags.get(`--${name}`)
    if (option !== undefined) for (const flag of also) flags.set(flag, option)
  }
  return flags
}

function unknownOption(flags: Flags, flag: string, command: ParsedCommand): Error {
  const message = `unknown option ${flag}${didYouMean(flag, [...flags.keys()])}`
  if (command.words.includes('FIELD=VALUE'))
    return requestError('unknown-option', message, { hint: 'write a field without dashes: FIELD=VALUE' })
  return takesRest(command)
    ? requestError('unknown-option', message, { hint: "put the job's arguments after --" })
    : requestError('unknown-option', message)
}
