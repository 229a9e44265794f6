import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { Heap } from '../../../src/lib/heap.ts'

test.prop([fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant('pop' as const)), { maxLength: 60 })])(
  'gives the first item there is, whatever was put in and taken before',
  (steps) => {
    const heap = new Heap<number>((a, b) => a < b)
    let model: number[] = []
    for (const step of steps) {
      if (step === 'pop') {
        const first = model.length === 0 ? undefined : Math.min(...model)
        expect(heap.pop()).toBe(first)
        model = model.toSpliced(first === undefined ? 0 : model.indexOf(first), first === undefined ? 0 : 1)
      } else {
        heap.push(step)
        model.push(step)
      }
      expect(heap.size).toBe(model.length)
    }
    const rest: (number | undefined)[] = []
    while (heap.size > 0) rest.push(heap.pop())
    expect(rest).toEqual(model.toSorted((a, b) => a - b))
    expect(heap.pop()).toBeUndefined()
  },
)
