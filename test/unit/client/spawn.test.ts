import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { SpawnProblems } from '../../../src/client/spawn/spawn-problems.ts'
import { SiteClient } from '../../../src/client/site-client.ts'
import { parseSpawnFile } from '../../../src/client/spawn/spawn-file.ts'
import { endJob, makeFixture, namesIn } from './fixture.ts'

describe('spawn', () => {
  test('makes a whole job, with its input and its spawner', async () => {
    const { client, root } = await makeFixture()
    fs.writeFileSync(path.join(root, 'task1.dat'), '{}')
    const job = await client.spawn(
      {
        name: 'task1',
        workflow: 'dl-hps',
        application: 'hello',
        wallTimeMinutes: 2,
        inputFiles: ['task1.dat'],
        args: ['007'],
      },
      { folder: root },
    )
    expect(job.id).toBe('dl-hps/task1')
    expect(namesIn(job.dir)).toEqual(['job.yaml', 'state.yaml', 'task1.dat'])
    expect(await job.specification()).toMatchObject({ wallTimeMinutes: 2, args: ['007'], inputFiles: ['task1.dat'] })
    expect((await job.history())[0]?.message).toMatch(/^spawned by .+@.+/)
    expect(namesIn(path.join(root, 'jobs', 'dl-hps'))).toEqual(['task1'])
  })

  test('a taken name is refused, reused or numbered', async () => {
    const { client } = await makeFixture()
    const request = { name: 'a', application: 'hello' }
    await client.spawn(request)
    await expect(client.spawn(request)).rejects.toMatchObject({ code: 'name-taken', kind: 'request' })
    expect((await client.spawn(request, { ifExists: 'reuse' })).id).toBe('default/a')
    expect((await client.spawn(request, { ifExists: 'rename' })).id).toBe('default/a-2')
    expect(await client.spawnMany([request, request], { ifExists: 'rename' })).toEqual(['default/a-3', 'default/a-4'])
  })

  test('inside a job: its workflow, its parents and itself as parents, and waiting', async () => {
    const driver = await makeFixture({ BJOB_JOB_ID: 'wf/driver', BJOB_PARENT_IDS: '["wf/setup"]' })
    const { client, site } = driver
    await new SiteClient(site, {}).spawn({ name: 'setup', workflow: 'wf', application: 'hello' })
    await expect(client.spawn({ name: 'driver', application: 'hello' })).rejects.toMatchObject({ code: 'own-parent' })
    const child = await client.spawnChild({ name: 'child', application: 'hello', inputFiles: ['not-there-yet'] })
    expect(child.id).toBe('wf/child')
    // The driver of this test has no folder, like a removed one, so nothing waits for it.
    expect((await child.specification()).parents).toEqual(['wf/setup'])
    expect(child.state).toBe('AWAITING_PARENTS')
    expect((await child.history())[0]?.message).toBe('spawned by wf/driver')
    await endJob(site, 'wf/setup')
    const free = await client.spawn({ name: 'free', application: 'hello', parents: ['wf/setup'] })
    expect(free.state).toBe('CREATED')
  })

  test('children outside a job are refused', async () => {
    const { client } = await makeFixture()
    await expect(client.spawnChild({ name: 'x', application: 'hello' })).rejects.toMatchObject({ code: 'not-in-a-job' })
  })

  test('of many with mistakes none is made, and all are told with their lines', async () => {
    const { client, root } = await makeFixture()
    const lines = Array.from({ length: 1000 }, (_, index) =>
      JSON.stringify({ name: `t${index}`, workflow: 'm', app: 'hello' }),
    )
    lines[10] = '{"name": oops}'
    lines[20] = '{"name":"x/y","app":"hello"}'
    lines[30] = '{"name":"a","app":"hello","nmu_nodes":1}'
    lines[40] = '{"name":"a","app":"helo"}'
    lines[50] = '{"name":"t1","workflow":"m","app":"hello"}'
    lines[60] = '{"name":"p","app":"hello","parents":["p"]}'
    lines[70] = '{"name":"i","app":"hello","input_files":"no.dat"}'
    lines[80] = '{"name":"n","app":"hello","num_nodes":"x"}'
    const failure: unknown = await client
      .spawnRecords(parseSpawnFile(lines.join('\n'), 'f'))
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SpawnProblems)
    const problems = failure instanceof SpawnProblems ? failure.problems : []
    expect(problems.map(({ code, detail }) => [detail.line, code])).toEqual([
      [11, 'bad-json'],
      [21, 'bad-field'],
      [31, 'bad-field'],
      [41, 'unknown-application'],
      [51, 'name-taken'],
      [61, 'own-parent'],
      [71, 'missing-input'],
      [81, 'bad-field'],
    ])
    expect(problems.at(-1)?.message).toBe('num_nodes must be a whole number')
    expect(namesIn(path.join(root, 'jobs'))).toEqual([])
  })

  test('of a batch cut short, the rest is made by running it again', async () => {
    const { client, root } = await makeFixture()
    const requests = Array.from({ length: 450 }, (_, index) => ({
      name: `t${index}`,
      workflow: 'm',
      application: 'hello',
    }))
    await client.spawnMany(requests.slice(100, 230))
    expect(await client.spawnMany(requests, { ifExists: 'reuse' })).toEqual(requests.map(({ name }) => `m/${name}`))
    expect(namesIn(path.join(root, 'jobs', 'm'))).toHaveLength(450)
  })

  test('parents may stand above in the same batch, and nowhere else', async () => {
    const { client } = await makeFixture()
    const [parent, child] = [
      { name: 'p', application: 'hello' },
      { name: 'c', application: 'hello', parents: ['p'] },
    ]
    await expect(client.spawnMany([child, parent])).rejects.toMatchObject({ code: 'unknown-parent' })
    await client.spawnMany([parent, child])
    expect((await client.job('c')).state).toBe('AWAITING_PARENTS')
  })

  test("the site's defaults stand under what is asked, in either spelling", async () => {
    const { client, root, site } = await makeFixture()
    await site.close()
    fs.appendFileSync(path.join(root, 'bjob.yaml'), 'defaults: {max_retries: 2, args: [a]}\n')
    const { openSite } = await import('../../../src/client/site-client.ts')
    const again = await openSite(root)
    const balsamRecord = { name: 'd', application: 'hello', application_args: 'b' }
    const job = await again.spawn(balsamRecord)
    expect(await job.specification()).toMatchObject({ maxRetries: 2, args: ['b'] })
    await again.close()
    await client.close()
  })
})

describe('parseSpawnFile', () => {
  test('YAML records know their lines', () => {
    const records = parseSpawnFile('- name: a\n  app: x\n- name: b\n  args: 1\n', 'f.yaml')
    expect(records.map(({ record }) => record)).toEqual([
      { name: 'a', app: 'x' },
      { name: 'b', args: 1 },
    ])
    expect(records[1]?.locate?.(['args'])).toMatchObject({ path: 'f.yaml', line: 4 })
  })

  test('a list in JSON of any length, whose records know their number', () => {
    const records = Array.from({ length: 3 }, (_, at) => ({ name: `n${at}`, description: 'x'.repeat(2_000_000) }))
    const parsed = parseSpawnFile(JSON.stringify(records, undefined, 1), 'f')
    expect(parsed.map(({ record }) => record)).toEqual(records)
    expect(parsed[2]?.locate?.(['name'])).toEqual({ path: 'f, record 3' })
    expect(() => parseSpawnFile(`[${' '.repeat(2_000_000)}1`, 'f')).toThrow('is not JSON')
  })

  test('one record alone, and none', () => {
    expect(parseSpawnFile('name: a\napp: x\n', 'f')).toHaveLength(1)
    expect(() => parseSpawnFile('', 'f')).toThrow(/no jobs/)
  })
})
