import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { jsonForHtml } from '../../../src/report/page-text.ts'

describe('data in a page', () => {
  test.prop([fc.json()])('is the same data, and no markup', (json) => {
    const value: unknown = JSON.parse(json)
    const text = jsonForHtml(value)
    expect(JSON.parse(text)).toEqual(value)
    expect(text).not.toMatch(/[<>&\u2028\u2029]/)
  })

  test('cannot end its element', () => {
    expect(jsonForHtml('</script><!--<script>')).not.toContain('<')
  })
})
