import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Placed } from '../../../src/launch/capacity.ts'
import { NodeHealth } from '../../../src/launch/node-health.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function make(): { health: NodeHealth; back: Placed[]; said: string[]; place: () => Placed } {
  const back: Placed[] = []
  const said: string[] = []
  const health = new NodeHealth(
    (placed) => back.push(placed),
    ({ message }) => said.push(message),
  )
  const place = (): Placed => ({ assignment: { requestId: 'a', shares: [] }, endsMs: 0, at: 0 })
  return { health, back, said, place }
}

test('of many starts that fail at once each place is held back, and given back one a second; it is said once', () => {
  const { health, back, said, place } = make()
  for (let count = 0; count < 3; count += 1) health.fail('n1', place(), 'EAGAIN')
  expect([back.length, health.isHolding, said.length]).toEqual([0, true, 1])
  for (const given of [1, 2, 3]) {
    vi.advanceTimersByTime(1000)
    expect(back.length).toBe(given)
  }
  expect(health.isHolding).toBe(false)
})

test('a node where every try fails gets them later each time, a minute apart at most, and is said to be left alone', () => {
  const { health, back, said, place } = make()
  health.fail('n1', place(), 'EAGAIN')
  const waits: number[] = []
  for (let tries = 1; tries <= 8; tries += 1) {
    let seconds = 0
    for (; back.length < tries; seconds += 1) vi.advanceTimersByTime(1000)
    waits.push(seconds)
    health.fail('n1', place(), 'EAGAIN')
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  expect(said).toEqual([expect.stringContaining('fewer'), expect.stringContaining('gets no jobs for now')])
})

test('a job that ran there makes it well again, and no other node', () => {
  const { health, back, said, place } = make()
  for (const node of ['n1', 'n2']) {
    health.fail(node, place(), 'EAGAIN')
    vi.advanceTimersByTime(1000)
    health.succeed('n1')
  }
  back.length = 0
  for (const node of ['n1', 'n2']) health.fail(node, place(), 'EMFILE')
  vi.advanceTimersByTime(1000)
  expect(back.length).toBe(1)
  vi.advanceTimersByTime(1000)
  expect(back.length).toBe(2)
  expect(said.filter((line) => line.startsWith('n1 gets')).length).toBe(2)
  expect(said.filter((line) => line.startsWith('n2 gets')).length).toBe(1)
})
