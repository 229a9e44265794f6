/** A site in a temporary folder, and jobs that end when a test says so. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { makeSite } from '../../../src/client/make-site.ts'
import { SiteClient } from '../../../src/client/site-client.ts'
import { type JobState, advance } from '../../../src/core/life/job-state.ts'
import type { State } from '../../../src/core/life/states.ts'
import { addApplication } from '../../../src/site/applications.ts'
import { changeJob } from '../../../src/site/job/jobs.ts'
import { type Site, openTree } from '../../../src/site/site.ts'

export interface Fixture {
  readonly root: string
  readonly client: SiteClient
  readonly site: Site
}

/** With an application `hello`; removed when the test ends. */
export async function makeFixture(environment: Readonly<Record<string, string>> = {}): Promise<Fixture> {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-client-')))
  await makeSite(root)
  const site = await openTree(root, {})
  await addApplication(site.disk, site.layout, {
    name: 'hello',
    executable: 'echo hello',
    shell: false,
    description: '',
  })
  onTestFinished(async () => {
    await site.close()
    fs.rmSync(root, { recursive: true, force: true })
  })
  const told = 'BJOB_JOB_ID' in environment ? { BJOB_SITE: root, ...environment } : {}
  return { root, site, client: new SiteClient(site, told) }
}

/** Brings a job to its end, as a launcher would. */
export async function endJob(
  site: Site,
  id: string,
  state: State = 'JOB_FINISHED',
  message = 'done',
): Promise<JobState | undefined> {
  const steps =
    state === 'JOB_FINISHED' ? (['RUNNING', 'RUN_DONE', 'JOB_FINISHED'] as const) : (['RUNNING', state] as const)
  return changeJob(site, id, (current) =>
    advance(
      current,
      steps.map((step) => ({ time: new Date().toISOString(), state: step, message })),
      { attempt: current.attempt + 1, launcher: 'test-launcher' },
    ),
  )
}

export function namesIn(folder: string): string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
