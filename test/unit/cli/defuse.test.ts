import { describe, expect, test } from 'vitest'
import { defuse, defuseBytes } from '../../../src/cli/terminal/defuse.ts'

describe('what a terminal is told by others', () => {
  test.each([
    ['plain ünïcode\n\ttext', 'plain ünïcode\n\ttext'],
    ['\u001B[31mred\u001B[0m', '\u001B[31mred\u001B[0m'],
    ['\u001B[2J\u001B[H', '?[2J?[H'],
    ['\u001B]0;title\u0007', '?]0;title?'],
    ['\u009B2J', '?2J'],
    ['a\rb\bc', 'a?b?c'],
    ['\u202Etxt.exe', '?txt.exe'],
  ])('%j becomes %j', (text, shown) => expect(defuse(text)).toBe(shown))

  test('bytes: progress bars, and characters cut in the middle, stay as they are', () => {
    const bytes = Buffer.concat([Buffer.from('50 %\r100 %\n'), Buffer.from('ü').subarray(0, 1)])
    expect(defuseBytes(bytes)).toBe(bytes)
    expect(Buffer.from(defuseBytes(Buffer.from('\u001B[2Jé\u009Bx'))).toString()).toBe('?[2Jé?x')
  })
})
