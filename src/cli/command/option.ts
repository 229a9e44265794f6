/**
 * Options as data, and a command's parsed arguments. Parser, help, manual page and completion use
 * these tables.
 */
import { DURATION_FORMS, type TimeUnit, parseDuration } from '../../core/text/duration.ts'
import { requestError } from '../../core/text/errors.ts'
import { didYouMean } from '../../lib/text/nearest.ts'

export interface Option {
  /** Without dashes: `if-exists`. */
  readonly name: string
  /** Alternative name. */
  readonly alias?: string
  /** Words of other tools for the same option, with dashes; the help names them last. */
  readonly also?: readonly string[]
  /** Placeholder of its value in the help; absent for a flag. */
  readonly value?: string
  /** True if it may be repeated. */
  readonly isList?: true
  readonly summary: string
}

/** The parsed arguments of a command. */
export class Input {
  /** The positional words, in order. */
  readonly words: readonly string[]
  /** The words after `--`, of a command that passes them to jobs. */
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

  /** @throws BjobError `bad-option` if it is not a number of at least `least` */
  number(name: string, least = 0): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < least) {
      throw requestError('bad-option', `--${name} must be a number of at least ${least}, not ${JSON.stringify(text)}`)
    }
    return value
  }

  /**
   * A duration in `unit`, also given as `1:00:00` or `90s`.
   * @throws BjobError `bad-option` for other text, or less than `least`
   */
  duration(name: string, unit: TimeUnit, least = 0): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = parseDuration(text, unit)
    if (value !== undefined && Number.isFinite(value) && value >= least) return value
    const bound = least > 0 ? ` of at least ${least}` : ''
    throw requestError(
      'bad-option',
      `--${name} must be a number of ${unit}${bound}, or a time such as ${DURATION_FORMS}, not ${JSON.stringify(text)}`,
    )
  }

  /** @throws BjobError `bad-option` if it is not one of `choices` */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    throw requestError(
      'bad-option',
      `--${name} must be ${choices.join(' or ')}, not ${JSON.stringify(text)}${didYouMean(text, choices)}`,
    )
  }
}
