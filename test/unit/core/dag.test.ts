import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Dag, type Kin } from '../../../src/core/index/dag.ts'

/** Any graph of up to 12 jobs, circles included. */
const graphs = fc
  .array(fc.array(fc.nat({ max: 11 }), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((parents): Kin[] =>
    parents.map((of, at) => ({
      id: `j${at}`,
      parents: of.filter((parent) => parent < parents.length).map((parent) => `j${parent}`),
    })),
  )

/** The descendants of a job, by definition. */
function below(jobs: readonly Kin[], id: string): Set<string> {
  const found = new Set<string>()
  for (let size = -1; size < found.size;) {
    size = found.size
    for (const job of jobs) if (job.parents.some((parent) => parent === id || found.has(parent))) found.add(job.id)
  }
  return found
}

describe('Dag', () => {
  test.prop([graphs])('finds what is below, and chains that lead up, as the definition has them', (jobs) => {
    const dag = new Dag(jobs)
    for (const { id } of jobs) {
      const expected = below(jobs, id)
      expect(new Set(dag.descendants([id]))).toEqual(new Set([...expected].filter((other) => other !== id)))
      for (const other of jobs) {
        const path = dag.pathUp(other.id, id)
        expect(path !== undefined).toBe(other.id === id || expected.has(other.id))
        for (const [at, step] of (path ?? []).slice(1).entries())
          expect(jobs.find((job) => job.id === path?.[at])?.parents).toContain(step)
      }
    }
  })

  test.prop([graphs])('has every job in one level, after its parents but for circles', (jobs) => {
    const levels = new Dag(jobs).levels(jobs.map(({ id }) => id))
    expect(levels.flat().toSorted()).toEqual(jobs.map(({ id }) => id).toSorted())
    const levelOf = new Map(levels.flatMap((level, at) => level.map((id) => [id, at] as const)))
    const isCircular = new Set(
      jobs.filter(({ id }) => below(jobs, id).has(id)).flatMap(({ id }) => [id, ...below(jobs, id)]),
    )
    for (const { id, parents } of jobs)
      if (!isCircular.has(id))
        for (const parent of parents) expect(levelOf.get(parent)).toBeLessThan(levelOf.get(id) ?? -1)
  })

  test('looks at each job once, however many ways lead to it', () => {
    const jobs: Kin[] = [{ id: 'top', parents: [] }]
    for (let at = 0; at < 3000; at++) {
      const parents = at === 0 ? ['top'] : [`a${at - 1}`, `b${at - 1}`]
      jobs.push({ id: `a${at}`, parents }, { id: `b${at}`, parents })
    }
    const dag = new Dag(jobs)
    expect(dag.pathUp('a2999', 'top')?.length).toBe(3001)
    expect(dag.pathUp('top', 'a2999')).toBeUndefined()
    expect(dag.descendants(['top']).length).toBe(6000)
    expect(dag.levels(jobs.map(({ id }) => id)).length).toBe(3001)
  })
})
