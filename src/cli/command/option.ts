/**
 * Options as data: parsing, help and the tests all read these tables. The words of the command line are guarded before cac sees them, as it
 * would turn `007` into 7 and drop what it takes for a number.
 */
import { cac } from 'cac'
import { requestError } from '../../core/text/errors.ts'
import { didYouMean } from '../../lib/text/nearest.ts'

export interface Option {
  /** Without its dashes: `if-exists`. */
  readonly name: string
  /** Another name for the same. */
  readonly alias?: string
  /** What stands for its value in the help; absent for a flag. */
  readonly value?: string
  /** May be given more than once. */
  readonly isList?: true
  readonly summary: string
}

/** What a command was given. */
export class Input {
  /** The words that are no options, in order. */
  readonly words: readonly string[]
  /** The words after `--`. */
  readonly rest: readonly string[]
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(words: readonly string[], rest: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.words = words
    this.rest = rest
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** @throws BjobError `bad-option` when it is no number from `least` on */
  number(name: string, least = 0): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < least) {
      throw requestError(
        'bad-option',
        `--${name} must be a number of at least ${least}, and is ${JSON.stringify(text)}`,
      )
    }
    return value
  }

  /** @throws BjobError `bad-option` when it is none of `choices` */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    throw requestError(
      'bad-option',
      `--${name} is ${choices.join(' or ')}, not ${JSON.stringify(text)}${didYouMean(text, choices)}`,
    )
  }
}

/** Stands before every value and word on its way through cac, so that none looks like a number or a flag. */
const GUARD = '_'

/**
 * Reads the words that follow a command's name.
 * @param taken the words that the command takes, as its help shows them
 * @returns 'help' when that is what is asked for
 * @throws BjobError `unknown-option`, `bad-option`
 */
export function parseArguments(options: readonly Option[], argv: readonly string[], taken = ''): Input | 'help' {
  const end = argv.indexOf('--')
  const guarded = guardWords(options, argv, taken)
  if (guarded === 'help') return 'help'
  const parser = cac('bjob')
  const command = parser.command('run [...words]')
  // Flags get a value too: after a flag, the parser would take the next word for one.
  for (const option of options) command.option(`--${internalName(option)} <value>`, option.summary)
  const parsed = parser.parse(['node', 'bjob', 'run', ...guarded.words], { run: false })
  const values = new Map<string, string[]>()
  for (const option of options) {
    const found: unknown = parsed.options[camelCase(internalName(option))]
    if (found === undefined) continue
    const texts = (Array.isArray(found) ? found : [found]).map((value) => String(value).slice(GUARD.length))
    if (texts.length > 1 && option.isList === undefined && option.value !== undefined)
      throw requestError('bad-option', `--${option.name} is given ${texts.length} times`)
    values.set(option.name, texts)
  }
  const rest = guarded.end === undefined ? [] : argv.slice(guarded.end + 1)
  return new Input(
    parsed.args.map((word) => word.slice(GUARD.length)),
    end < 0 ? [] : rest,
    values,
  )
}

/** Brings every option to the form `--name=_value`, and every other word to `_word`. */
function guardWords(
  options: readonly Option[],
  argv: readonly string[],
  taken: string,
): { words: string[]; end: number | undefined } | 'help' {
  const words: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') return { words, end: at }
    if (!word.startsWith('-') || word === '-') {
      words.push(GUARD + word)
      continue
    }
    if (word === '--help' || word === '-h') return 'help'
    const { name, given } = splitWord(word, options)
    const option = options.find((candidate) => name === `--${candidate.name}` || name === aliasFlag(candidate))
    if (option === undefined) throw unknownOption(name, options, taken)
    if (option.value === undefined) {
      if (given !== undefined) throw requestError('bad-option', `${name} takes no value`)
      words.push(`--${internalName(option)}=${GUARD}`)
      continue
    }
    const value = given ?? argv[++at]
    if (value === undefined) throw requestError('bad-option', `${name} needs a value: ${name} ${option.value}`)
    words.push(`--${internalName(option)}=${GUARD}${value}`)
  }
  return { words, end: undefined }
}

/** An option's name, and the value that stands in the same word: `--nodes=4`, and after a letter `-n4` and `-n=4`. */
function splitWord(word: string, options: readonly Option[]): { name: string; given: string | undefined } {
  const letter = word.slice(0, 2)
  const isGlued =
    word.length > 2 && options.some((option) => option.value !== undefined && letter === aliasFlag(option))
  if (isGlued) return { name: letter, given: word.slice(word[2] === '=' ? 3 : 2) }
  const equals = word.indexOf('=')
  return equals < 0 ? { name: word, given: undefined } : { name: word.slice(0, equals), given: word.slice(equals + 1) }
}

/** cac takes `no-` off a name; and what it does with dots is no use here. */
function internalName(option: Option): string {
  return `x-${option.name}`
}

function aliasFlag({ alias }: Option): string | undefined {
  if (alias === undefined) return undefined
  return alias.length === 1 ? `-${alias}` : `--${alias}`
}

function camelCase(name: string): string {
  return name.replaceAll(/([a-z])-([a-z])/g, (_, one: string, two: string) => one + two.toUpperCase())
}

function unknownOption(name: string, options: readonly Option[], taken: string): Error {
  const known = options.flatMap((option) => [`--${option.name}`, aliasFlag(option) ?? `--${option.name}`])
  return requestError('unknown-option', `there is no option ${name}${didYouMean(name, [...known, '--help'])}`, {
    hint: taken.includes('FIELD=VALUE')
      ? 'a field is given without dashes: FIELD=VALUE'
      : 'words that start with - and are no options go after --',
  })
}
