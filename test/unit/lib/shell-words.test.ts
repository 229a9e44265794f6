import { execFileSync } from 'node:child_process'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { quoteShellWord, splitShellWords } from '../../../src/lib/text/shell-words.ts'

/** The words of each line by /bin/sh, in one process for all; undefined for a wrong line. */
function askShell(lines: readonly string[]): (string[] | undefined)[] {
  const script = `while IFS= read -r line; do line=$(printf "$line"); (eval "set -- $line" 2>/dev/null && printf 'ok\\0' && for word; do printf '%s\\0' "$word"; done || printf 'no\\0'); printf '\\1\\0'; done`
  const encoded = lines
    .map((line) => [...Buffer.from(line)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''))
    .join('\n')
  const output = execFileSync('/bin/sh', ['-c', script], {
    input: `${encoded}\n`,
    stdio: ['pipe', 'pipe', 'ignore'],
  }).toString()
  return output
    .split('\u0001\0')
    .slice(0, -1)
    .map((answer) => {
      const [verdict, ...words] = answer.split('\0').slice(0, -1)
      return verdict === 'ok' ? words : undefined
    })
}

/**
 * No character that means more to a shell than quoting: those are words to us, and commands to it.
 * No newline at the end: $(…) takes it off.
 */
const quotings = fc
  .array(
    fc.oneof(fc.constantFrom("'", '"', '\\', ' ', '  ', '\t'), fc.stringMatching(/^[A-Za-z0-9_@%+=:,./^-]{1,4}$/)),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''))

function split(line: string): string[] | undefined {
  try {
    return splitShellWords(line)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

describe('splitShellWords', () => {
  test.prop([fc.array(quotings, { minLength: 50, maxLength: 50 })], { numRuns: 10 })(
    'splits as /bin/sh does',
    (lines) => {
      // A backslash at the very end continues the line for a shell that reads on; here nothing
      // follows, and it is a mistake.
      const asked = lines.filter((line) => !/(^|[^\\])(\\\\)*\\$/.test(line))
      expect(asked.map(split)).toEqual(askShell(asked))
    },
  )

  test.each([
    ['a b  c', ['a', 'b', 'c']],
    ['', []],
    ["''", ['']],
    [`a"b c"'d e'`, ['ab cd e']],
    [String.raw`a\ b`, ['a b']],
    [String.raw`"a\"b\c"`, [String.raw`a"b\c`]],
    [String.raw`'a\'`, ['a\\']],
    [String.raw`"a\\b\$"`, [String.raw`a\b$`]],
    ['$HOME `id` * ; | & > #x', ['$HOME', '`id`', '*', ';', '|', '&', '>', '#x']],
  ])('%j is %j', (line, words) => {
    expect(splitShellWords(line)).toEqual(words)
  })

  test.each(['"', "'", 'a "b', String.raw`a\ `.trim()])('%j is a mistake', (line) => {
    expect(() => splitShellWords(line)).toThrow(SyntaxError)
  })
})

describe('quoteShellWord', () => {
  const words = fc.array(
    // eslint-disable-next-line no-control-regex -- NUL ends a word for the kernel; and $(…) takes newlines off the end
    fc.string({ unit: 'binary' }).map((word) => word.replaceAll(/[\0\p{Surrogate}]/gu, '').trimEnd()),
    { minLength: 1, maxLength: 20 },
  )

  test.prop([words], { numRuns: 20 })('makes one word of anything, for a shell and for us', (list) => {
    const line = list.map(quoteShellWord).join(' ')
    expect(splitShellWords(line)).toEqual(list)
    expect(
      execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`])
        .toString()
        .split('\0')
        .slice(0, -1),
    ).toEqual(list)
  })
})
