import fs from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { SiteClient } from '../../../src/client/site-client.ts'
import { type SearchEnd, type SearchOptions, runSearch } from '../../../src/search/study/driver.ts'
import { readStudy } from '../../../src/search/study/evaluation-jobs.ts'
import { parseSearch } from '../../../src/search/study/search.ts'
import { Study } from '../../../src/search/study/study.ts'
import { type Fixture, endJob, makeFixture, namesIn } from '../client/fixture.ts'

const document = { parameters: { a: { type: 'float', low: 0, high: 1 } } }
const finite = { parameters: { a: { choices: [1, 2, 3] } } }

interface Task {
  readonly x: { readonly a: number }
  readonly trial: number
}

/** Ends jobs as a launcher would, at most `atOnce` a round, until the search has ended. */
class Search {
  readonly study: Study
  readonly stop = new AbortController()
  mostOpen = 0
  readonly #watcher: SiteClient
  readonly #end: Promise<SearchEnd>
  #isOver = false

  constructor(fixture: Fixture, space: unknown, options: Partial<SearchOptions> = {}) {
    const evaluations = options.evaluations ?? 8
    this.#watcher = new SiteClient(fixture.site, {})
    this.study = new Study(parseSearch(space), { sampler: 'random', seed: 1, evaluations })
    this.#end = runSearch(fixture.client, this.study, {
      workflow: 'w',
      job: { application: 'hello' },
      parallel: 3,
      file: 'result.dat',
      signal: this.stop.signal,
      ...options,
      evaluations,
    }).finally(() => (this.#isOver = true))
    this.#end.catch(() => {})
  }

  async ended(work: (task: Task, id: string) => Promise<unknown> | void = () => {}): Promise<SearchEnd> {
    while (!this.#isOver) {
      const open = await this.#watcher.jobs
        .filter({ workflow: 'w', state: 'CREATED', name: { startsWith: 'eval-' } })
        .toArray()
      this.mostOpen = Math.max(this.mostOpen, open.length)
      for (const { id, name, dir } of open)
        await work(JSON.parse(fs.readFileSync(`${dir}/${name}.json`, 'utf8')) as Task, id)
      await delay(2)
    }
    return this.#end
  }
}

async function finish({ site }: Fixture, { x }: Task, id: string): Promise<void> {
  fs.writeFileSync(`${site.layout.job(id).dir}/result.dat`, String(x.a))
  await endJob(site, id)
}

describe('a search', () => {
  test('evaluates as many points as it is told, and no more at once', async () => {
    const fixture = await makeFixture()
    const search = new Search(fixture, document)
    expect(await search.ended((task, id) => finish(fixture, task, id))).toBe('evaluations')
    expect(search.mostOpen).toBe(3)
    expect(await fixture.client.jobs.count()).toBe(8)
    const { best, evaluations } = search.study
    expect(best?.result.value).toBe(Math.min(...evaluations.map(({ point }) => Number(point['a']))))
    const [job] = await fixture.client.jobs.toArray()
    expect(await job?.specification()).toMatchObject({
      args: ['eval-1.json'],
      inputFiles: ['eval-1.json'],
      waitForParents: false,
    })
  })

  test('goes on from the jobs that are there: none twice, none missed, whatever ended meanwhile', async () => {
    const fixture = await makeFixture()
    // Another job of the workflow, as the search itself may be one.
    await fixture.client.spawn({ name: 'driver', workflow: 'w', application: 'hello' })
    const first = new Search(fixture, document)
    const ended = await first.ended(async (task, id) => {
      if (task.trial === 3) await endJob(fixture.site, id, 'FAILED', 'exit 3')
      else if (task.trial < 3) await finish(fixture, task, id)
      else first.stop.abort()
    })
    expect(ended).toBe('interrupted')
    const left = first.study.evaluations
    // One ends unobserved.
    const pending = await fixture.client.jobs.filter({ state: 'CREATED', name: { startsWith: 'eval-' } }).first()
    if (pending !== undefined) await endJob(fixture.site, pending.id, 'USER_KILLED', 'killed by somebody')
    const second = new Search(fixture, document)
    expect(await second.ended((task, id) => finish(fixture, task, id))).toBe('evaluations')
    const { evaluations } = second.study
    expect(evaluations.slice(0, left.length).map(({ point }) => point)).toEqual(left.map(({ point }) => point))
    expect(evaluations).toHaveLength(8)
    expect(new Set(evaluations.map(({ point }) => point['a'])).size).toBe(8)
    expect(evaluations[3]?.result).toEqual({ kind: 'failed', reason: 'exit 3' })
    expect(evaluations.filter(({ result }) => result?.kind === 'failed').map(({ result }) => result)).toContainEqual({
      kind: 'failed',
      reason: 'killed by somebody',
    })
    // Nothing is left to do: a third one ends at once.
    const third = new Search(fixture, document)
    expect(await third.ended()).toBe('evaluations')
    expect(third.study.evaluations).toEqual(evaluations)
  })

  test('spawns what has no job, because the one before died between two of a batch', async () => {
    const fixture = await makeFixture()
    const before = new Study(parseSearch(document), { sampler: 'random', seed: 1, evaluations: 6 })
    const asked = before.ask(6)
    for (const trial of asked.filter(({ id }) => id !== 1 && id !== 4)) {
      const input = `${trial.name}.json`
      fs.writeFileSync(`${fixture.root}/${input}`, before.formatTask(trial))
      await fixture.client.spawn(
        { name: trial.name, workflow: 'w', application: 'hello', inputFiles: [input] },
        { folder: fixture.root },
      )
    }
    const search = new Search(fixture, document, { evaluations: 6, parallel: 1 })
    expect(await search.ended((task, id) => finish(fixture, task, id))).toBe('evaluations')
    expect(search.study.evaluations.map(({ point }) => point)).toEqual(asked.map(({ point }) => point))
    expect(namesIn(`${fixture.root}/jobs/w`)).toHaveLength(6)
  })

  test('ends when every point of the space is evaluated, when the target is reached, when the time is up', async () => {
    const fixture = await makeFixture()
    expect(await new Search(fixture, finite).ended((task, id) => finish(fixture, task, id))).toBe('exhausted')
    expect(await fixture.client.jobs.count()).toBe(3)
    const target = new Search(fixture, finite, { target: 1 })
    expect(await target.ended()).toBe('target')
    const other = await makeFixture()
    expect(await new Search(other, document, { timeLimitMinutes: 0.002 }).ended()).toBe('time')
    expect(namesIn(`${other.root}/jobs/w`)).toHaveLength(3)
  })

  test('refuses jobs of another space, jobs that no search made, and an application that is not there', async () => {
    const fixture = await makeFixture()
    await new Search(fixture, finite).ended((task, id) => finish(fixture, task, id))
    await expect(new Search(fixture, document).ended()).rejects.toMatchObject({
      code: 'other-space',
      message: expect.stringContaining('a.type: categorical → float') as unknown,
    })
    await fixture.client.spawn({ name: 'eval-1', workflow: 'v', application: 'hello' })
    await expect(new Search(fixture, document, { workflow: 'v' }).ended()).rejects.toMatchObject({
      code: 'no-evaluation',
    })
    await expect(
      new Search(fixture, document, { workflow: 'u', job: { application: 'helo' } }).ended(),
    ).rejects.toMatchObject({ code: 'unknown-application' })
    expect(await fixture.client.jobs.filter({ workflow: 'u' }).count()).toBe(0)
  })

  test('is read back from the tree for those who look at it, whatever else has the names of its jobs', async () => {
    const fixture = await makeFixture()
    await fixture.client.spawn({ name: 'driver', workflow: 'w', application: 'hello' })
    expect(await readStudy(fixture.client, 'w')).toBeUndefined()
    const search = new Search(fixture, { ...document, params: { epochs: 3 } }, { evaluations: 5 })
    await search.ended((task, id) =>
      task.trial === 3 ? endJob(fixture.site, id, 'FAILED', 'exit 3') : finish(fixture, task, id),
    )
    await fixture.client.spawn({ name: 'eval-99', workflow: 'w', application: 'hello' })
    const study = await readStudy(fixture.client, 'w')
    expect(study?.evaluations).toEqual(search.study.evaluations)
    expect(study?.search.params).toEqual({ epochs: 3 })
    // The first job defines the search; a job that is not an evaluation makes the workflow a plain
    // one.
    await fixture.client.spawn({ name: 'eval-1', workflow: 'v', application: 'hello' })
    expect(await readStudy(fixture.client, 'v')).toBeUndefined()
  })
})
