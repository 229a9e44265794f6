import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { OrderedQueue } from '../../../src/lib/ordered-queue.ts'

interface Item {
  readonly key: number
  readonly came: number
}

const isBefore = (a: Item, b: Item): boolean => a.key < b.key

test.prop([fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant('pop' as const)), { maxLength: 80 })])(
  'gives the first there is, of equals the one that came first, whatever was put in and taken before',
  (steps) => {
    const queue = new OrderedQueue<Item>(isBefore)
    let model: Item[] = []
    for (const [came, step] of steps.entries()) {
      const [first] = model
      expect(queue.first).toBe(first)
      if (step === 'pop') {
        expect(queue.pop()).toBe(first)
        model = model.slice(1)
      } else {
        const item = { key: step, came }
        queue.push(item)
        model = [...model, item].sort((a, b) => a.key - b.key || a.came - b.came)
      }
      expect(queue.size).toBe(model.length)
    }
    for (const item of model) expect(queue.pop()).toBe(item)
    expect(queue.pop()).toBeUndefined()
  },
)

test('thousands come and go', () => {
  const queue = new OrderedQueue<Item>(isBefore)
  const keys = Array.from({ length: 10_000 }, (_, at) => at + ((at * 7919) % 32))
  const popped: number[] = []
  for (const [came, key] of keys.entries()) {
    queue.push({ key, came })
    if (came % 4 === 3) popped.push(queue.pop()?.key ?? -1)
  }
  while (queue.size > 0) popped.push(queue.pop()?.key ?? -1)
  expect(popped.toSorted((a, b) => a - b)).toEqual(keys.toSorted((a, b) => a - b))
  expect(popped.slice(2500)).toEqual(popped.slice(2500).toSorted((a, b) => a - b))
})
