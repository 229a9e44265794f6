import { describe, expect, test } from 'vitest'
import { formatRate, formatSpan } from '../../../src/cli/terminal/figures-text.ts'
import { ProgressLine, formatProgress } from '../../../src/cli/terminal/progress-line.ts'
import { formatBar } from '../../../src/cli/terminal/progress-text.ts'

test('a progress line stays below what is printed, and once taken away it does not come back', () => {
  const written: string[] = []
  const line = new ProgressLine({ isInteractive: true }, true, (text) => written.push(text))
  line.show(() => '1 of 2')
  line.print('a\n')
  line.end()
  line.show(() => '2 of 2')
  line.print('b\n')
  expect(written.map((text) => text.replaceAll('\r\u001B[K', '<'))).toEqual(['<1 of 2', '<a\n1 of 2', '<', '<b\n'])
})

describe('progress in words', () => {
  test('is full only when all is done', () => {
    expect(formatBar(0, 0, 4)).toBe('░░░░')
    expect(formatBar(999, 1000, 4)).toBe('███░')
    expect(formatBar(1000, 1000, 4)).toBe('████')
    expect(formatProgress(5, 20, ['', '2 failed'], 0.5, 80)).toBe(
      '█████░░░░░░░░░░░░░░░ 5 of 20  2 failed  30/min  30 s left',
    )
    expect(formatProgress(20, 20, [], 0, 80)).toBe('████████████████████ 20 of 20')
  })

  test('says all that it says on a narrow terminal, with a shorter bar or none', () => {
    const words = ['best 0.0898913 eval-10', '2 of 2 running']
    const text = '10 of 20  best 0.0898913 eval-10  2 of 2 running  30/min  20 s left'
    expect(formatProgress(10, 20, words, 0.5, text.length + 11)).toBe(`█████░░░░░ ${text}`)
    expect(formatProgress(10, 20, words, 0.5, text.length + 5)).toBe(text)
  })

  test.each([
    [12.34, '12/s'],
    [0.5, '30/min'],
    [0.001, '3.6/h'],
    [1234, '1234/s'],
  ])('%d a second is %s', (rate, text) => expect(formatRate(rate)).toBe(text))

  test.each([
    [-3, '0 s'],
    [59.6, '1 min'],
    [3599, '1 h'],
    [11_100, '3 h 5 min'],
    [187_200, '2 d 4 h'],
  ])('%d seconds are %s', (seconds, text) => expect(formatSpan(seconds)).toBe(text))
})
