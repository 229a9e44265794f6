/** Concurrency with a limit. */

/** Files or folders processed at once: hides a network's latency without overloading its server. */
export const AT_ONCE = 16

/**
 * Calls `act` for each item, at most `limit` at a time, and returns the results in order.
 * @throws the first error, after running calls have ended; no further ones are started
 */
export async function mapConcurrently<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const source = iterate(items)
  const failures: unknown[] = []
  let count = 0
  const worker = async (): Promise<void> => {
    while (failures.length === 0) {
      const next = await source.next()
      if (next.done === true) return
      const at = count++
      try {
        results[at] = await act(next.value)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}

async function* iterate<Item>(items: Iterable<Item> | AsyncIterable<Item>): AsyncGenerator<Item> {
  yield* items
}
