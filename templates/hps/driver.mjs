/**
 * A driver: asks an optimizer for points, evaluates each in a job, and tells the optimizer the
 * results.
 *
 *     node driver.mjs [--evals 40] [--in-flight 6] [--sampler auto]
 *
 * Kill it at any time and start it again in the same folder: its checkpoint is driver.json, and the
 * rest is in the jobs' folders. It needs the package bjob: `npm install bjob` in the site.
 */
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { createSampler, openSite, parseSpace } from 'bjob'

const options = {
  evals: { type: 'string', default: '40' },
  'in-flight': { type: 'string', default: '6' },
  sampler: { type: 'string', default: 'auto' },
}
const { values: given } = parseArgs({ options })
const maxEvals = Number(given.evals)
const maxInFlight = Number(given['in-flight'])
if (!(maxEvals >= 1 && maxInFlight >= 1)) throw new Error('--evals and --in-flight take a number from 1')

const WORKFLOW = 'dl-hps'
const CHECKPOINT = 'driver.json'

const space = parseSpace({
  parameters: {
    rate: { type: 'float', low: 1e-4, high: 1, log: true },
    width: { type: 'integer', low: 2, high: 48, log: true },
    activation: { choices: ['tanh', 'relu', 'sigmoid'] },
  },
})
const params = { epochs: 100, folds: 5, seed: 1 }

const site = await openSite()
const opt = createSampler(space, given.sampler, { seed: 12345, evaluations: maxEvals })

// One entry per point: {id, point}, and `outcome` once known.
const trials = fs.existsSync(CHECKPOINT) ? JSON.parse(fs.readFileSync(CHECKPOINT, 'utf8')) : []
for (const { id, point, outcome } of trials) {
  opt.adopt({ id, point })
  if (outcome !== undefined) opt.tell(id, outcome)
}

const trialOf = new Map(trials.map((trial) => [`${WORKFLOW}/${nameOf(trial)}`, trial]))
const seen = new Set([...trialOf.keys()].filter((id) => trialOf.get(id).outcome !== undefined))
if (trials.length > 0) say(`continuing with ${trials.length} points, ${seen.size} of them evaluated`)

// Points in the checkpoint that may not have been spawned. Existing jobs are reused.
for (const trial of trials) if (trial.outcome === undefined) await createJob(trial)

while (seen.size < maxEvals) {
  // Spawn new jobs. The checkpoint comes first, so that a restart spawns the same points.
  const asked = opt.ask(Math.min(maxInFlight - (trials.length - seen.size), maxEvals - trials.length))
  trials.push(...asked)
  saveCheckpoint()
  for (const trial of asked) trialOf.set((await createJob(trial)).id, trial)

  const mine = [...trialOf.keys()]
  // A finite space is exhausted.
  if (mine.length === seen.size) break
  await site.wait(
    mine.filter((id) => !seen.has(id)),
    { any: true },
  )

  // Read new results. Before the next checkpoint they are still in the jobs' folders.
  const ended = { id: mine, state: ['JOB_FINISHED', 'FAILED', 'USER_KILLED'] }
  for await (const job of site.jobs.filter(ended).exclude({ id: seen })) record(job, await outcomeOf(job))
  saveCheckpoint()
}

const [best] = trials.filter(isValue).sort((one, other) => one.outcome.value - other.outcome.value)
if (best === undefined) say('no evaluation gave a value')
else say(`best: ${nameOf(best)}, loss ${best.outcome.value.toFixed(4)} at ${JSON.stringify(best.point)}`)
await site.close()

/** Spawns the job that evaluates a point. */
async function createJob(trial) {
  const name = nameOf(trial)
  const file = `${name}.dat`
  const task = JSON.stringify({ x: trial.point, params })
  fs.writeFileSync(file, task)
  const job = await site.spawn(
    {
      name,
      workflow: WORKFLOW,
      application: 'eval_point',
      wallTimeMinutes: 2,
      numNodes: 1,
      ranksPerNode: 1,
      inputFiles: [file],
      args: [file],
      waitForParents: false,
    },
    { ifExists: 'reuse' },
  )
  fs.rmSync(file)
  // A job of the same name from another search has another point.
  if ((await job.readFile(file)) !== task)
    throw new Error(`${job.id} evaluates another point; ${CHECKPOINT} may be lost`)
  return job
}

/** A failure if the job failed, or if result.dat is missing or has no number (JSON has no NaN). */
async function outcomeOf(job) {
  if (job.state !== 'JOB_FINISHED') return { kind: 'failed' }
  try {
    const loss = JSON.parse(await job.readFile('result.dat'))?.loss
    return Number.isFinite(loss) ? { kind: 'value', value: loss } : { kind: 'failed' }
  } catch (error) {
    if (error instanceof SyntaxError || error.code === 'no-such-file') return { kind: 'failed' }
    throw error
  }
}

function record(job, outcome) {
  const trial = trialOf.get(job.id)
  opt.tell(trial.id, outcome)
  trial.outcome = outcome
  seen.add(job.id)
  const what = outcome.kind === 'value' ? `loss ${outcome.value.toFixed(4)}` : `no loss, ${job.state}`
  say(`${seen.size}/${maxEvals} ${job.name} ${what} ${JSON.stringify(trial.point)}`)
}

/** Flushed and renamed into place, so that there is always one complete checkpoint. */
function saveCheckpoint() {
  fs.writeFileSync(`${CHECKPOINT}.new`, `[\n${trials.map((trial) => JSON.stringify(trial)).join(',\n')}\n]\n`, {
    flush: true,
  })
  fs.renameSync(`${CHECKPOINT}.new`, CHECKPOINT)
}

function nameOf({ id }) {
  return `task${id + 1}`
}

function isValue({ outcome }) {
  return outcome?.kind === 'value'
}

function say(line) {
  process.stdout.write(`${line}\n`)
}
