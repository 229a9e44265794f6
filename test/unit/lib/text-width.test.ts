import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { cutText, padText, printable, textWidth } from '../../../src/lib/text/text-width.ts'

describe('the width of text', () => {
  test.each([
    ['', 0],
    ['plain', 5],
    ['Größe', 5],
    ['計算', 4],
    ['e\u0301', 1],
    ['✅ ok', 5],
    ['한글 x', 6],
    ['👨‍👩‍👧‍👦', 2],
    ['🇩🇪🇫🇷', 4],
    ['👍🏽', 2],
    ['☝🏽', 2],
    ['❤️', 2],
    ['❤', 1],
    ['1️⃣', 2],
    ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', 2],
    ['ﾊﾞ', 2],
    ['ㄱ각', 4],
    ['a\u200Bb', 2],
  ])('%j takes %i columns', (text, width) => expect(textWidth(text)).toBe(width))

  property.prop([fc.string({ unit: 'grapheme' }), fc.nat(40)])(
    'cut and padded, it takes just the columns that it is given',
    (text, width) => {
      const cut = cutText(text, width)
      expect(textWidth(cut)).toBeLessThanOrEqual(width)
      expect(textWidth(padText(cut, width))).toBe(width)
      if (textWidth(text) <= width) expect(cut).toBe(text)
    },
  )

  test('a picture is cut off whole', () => {
    expect(cutText('ab👨‍👩‍👧‍👦cd', 4)).toBe('ab…')
    expect(cutText('ab👨‍👩‍👧‍👦cd', 5)).toBe('ab👨‍👩‍👧‍👦…')
  })

  test('what a program printed moves no cursor', () => {
    expect(printable('\u001B[31mred\u001B[0m\r\n\u001B]0;title\u0007x')).not.toMatch(/\p{Cc}/u)
    expect(printable('\u001B[31mred\u001B[0m')).toBe('red')
  })
})
