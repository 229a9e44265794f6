/** `bjob tune`: runs a hyperparameter search. */
import fs from 'node:fs'
import path from 'node:path'
import { readLaunchers } from '../../client/explain/launcher-facts.ts'
import type { SiteClient } from '../../client/site-client.ts'
import { hintFor } from '../../core/text/error-hints.ts'
import { BjobError, requestError } from '../../core/text/errors.ts'
import { DEFAULT_WORKFLOW, checkName, splitId } from '../../core/job/id.ts'
import { decodeText } from '../../core/text/decode-text.ts'
import { LOSS, findLoss } from '../../lib/text/written.ts'
import { parseYaml } from '../../core/text/yaml-text.ts'
import { defined } from '../../lib/defined.ts'
import { SAMPLER_NAMES } from '../../search/samplers/create-sampler.ts'
import { type SearchEnd, runSearch } from '../../search/study/driver.ts'
import { REDUCTION } from '../../search/study/early-stopping.ts'
import { type Search, parseSearch } from '../../search/study/search.ts'
import { RESULT_FILE, Study } from '../../search/study/study.ts'
import type { Command } from '../command/command.ts'
import { oneWord } from '../arguments/filter-options.ts'
import type { Input } from '../command/option.ts'
import { ProgressLine } from '../terminal/progress-line.ts'
import { SearchProgress } from '../show/search-progress.ts'
import { bestFirst, formatCsv, lastWords, recordOfEvaluation, showBest } from '../show/search-results.ts'
import { SPAWN_OPTIONS, recordOf } from '../arguments/spawn-options.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

/** Options of `spawn` that a search sets itself or defines differently. */
const OWN_OPTIONS = [
  'name',
  'workflow',
  'application',
  'args',
  'input-files',
  'parents',
  'no-wait-for-parents',
  'data',
  'from',
  'format',
  'if-exists',
  'json',
  'csv',
]
const LAST_WORDS_MS = 2000

export const tuneCommand: Command = {
  words: 'SPACE.yaml [-- ARG…]',
  about: `Searches a space for the best point. Each evaluation is a job eval-1, eval-2, … of the workflow. Its first argument
names the file with its point, eval-1.json: {"x": {…}, "params": …, …}. It writes its objective to result.dat: a number,
or JSON with the field that the space names as \`objective\` (default: loss, value, …). Evaluations that fail, time out,
are killed or give no number are reported to the sampler as failures, and listed at the end.
A long evaluation may append a line \`STEP VALUE\`, such as \`12 0.347\`, to progress.dat for each step. With
--early-stopping, the worst evaluations at a step are killed (asynchronous successive halving).
Start launchers before or after, here or in allocations; they run the evaluations.
The jobs are the only checkpoint: after a crash, run the same command again, from any node, to continue.

  parameters:                           # SPACE.yaml
    rate: {type: float, low: 1.0e-4, high: 1, log: true}
    width: {type: integer, low: 2, high: 48}
    activation: {choices: [tanh, relu, sigmoid]}
    momentum: {type: float, low: 0, high: 1, when: {activation: relu}}
  direction: minimise                   # or maximise
  objective: loss                       # the field of result.dat
  params: {epochs: 100}                 # the same for all evaluations

For several objectives, replace direction and objective by, for example, \`objectives: {loss: minimise, seconds: minimise}\`.
The search then looks for the Pareto front: the points that no other point beats in every objective.`,
  options: [
    {
      name: 'application',
      alias: 'app',
      value: 'APP',
      summary: 'application that evaluates a point, as listed by `bjob app ls`',
    },
    { name: 'evals', value: 'N', summary: 'stop after N evaluations, including those of earlier runs (default 100)' },
    { name: 'parallel', value: 'P', summary: 'number of concurrent evaluations (default 4)' },
    { name: 'sampler', value: SAMPLER_NAMES.join('|'), summary: 'method that chooses the points (default auto)' },
    { name: 'seed', value: 'N', summary: 'seed of the random numbers (default 0)' },
    { name: 'target', value: 'VALUE', summary: 'stop when a value is at least this good' },
    { name: 'time-limit-minutes', value: 'M', summary: 'end after that long' },
    {
      name: 'patience',
      value: 'N',
      summary: 'stop after N evaluations in a row without improvement, including failed ones',
    },
    {
      name: 'early-stopping',
      value: 'STEP',
      summary: `stop poor evaluations early: at STEP, ${REDUCTION} × STEP, ${REDUCTION ** 2} × STEP … the best one in ${REDUCTION} continues`,
    },
    { name: 'file', value: 'NAME', summary: 'file with the result (default result.dat)' },
    {
      name: 'workflow',
      value: 'WORKFLOW',
      summary: 'workflow of the evaluations (default: the name of SPACE.yaml; inside a job, its workflow)',
    },
    { name: 'csv', value: 'FILE', summary: 'write all evaluations to FILE at the end' },
    { name: 'json', summary: 'print all evaluations as JSON at the end, best first' },
    ...SPAWN_OPTIONS.filter(({ name }) => !OWN_OPTIONS.includes(name)),
  ],
  examples: [
    [
      'bjob tune space.yaml --application eval_point --evals 200 --parallel 16',
      'run a search; `bjob launch` runs its jobs',
    ],
    [
      'bjob tune space.yaml --app train --gpus-per-rank 1 --wall-time-minutes 30 -- --data /scratch/set',
      'set fields of the jobs, and arguments that follow the point',
    ],
  ],
  async run(input, session) {
    const { terminal } = session
    const spaceFile = oneWord(input, 'SPACE.yaml')
    const search = readSearch(spaceFile)
    const application = input.text('application')
    if (application === undefined)
      throw requestError('bad-option', '--application is missing: name the application that evaluates a point')
    const evaluations = wholeNumber(input, 'evals', 100)
    const file = input.text('file') ?? RESULT_FILE
    const study = new Study(search, {
      sampler: input.choice('sampler', SAMPLER_NAMES) ?? 'auto',
      seed: wholeNumber(input, 'seed', 0, 0),
      evaluations,
      file,
    })
    const target = input.number('target', -Infinity)
    const timeLimitMinutes = input.duration('time-limit-minutes', 'minutes')
    const patience = input.has('patience') ? wholeNumber(input, 'patience', 1) : undefined
    const earlyStopping = input.has('early-stopping') ? wholeNumber(input, 'early-stopping', 1) : undefined
    for (const name of ['target', 'early-stopping'] as const)
      if (search.space.further.length > 0 && input.has(name))
        throw requestError('bad-option', `--${name} requires a single objective; ${spaceFile} has several`)
    const csv = input.text('csv')
    if (csv !== undefined) requireFolder(csv)
    const client = await session.open()
    const workflow = workflowOf(input, client, spaceFile)
    const isJson = input.has('json')
    const line = new ProgressLine(terminal, !isJson, (text) =>
      isJson ? terminal.note(text.trimEnd()) : terminal.writeLater(text),
    )
    const progress = new SearchProgress(
      study,
      evaluations,
      () => client.select({ workflow: [workflow], state: ['RUNNING'], name: ['eval-*'] }).count(),
      line,
    )
    let end: SearchEnd
    try {
      end = await runSearch(client, study, {
        workflow,
        job: { ...recordOf(input), application },
        evaluations,
        parallel: wholeNumber(input, 'parallel', 4),
        file,
        ...defined({ target, timeLimitMinutes, patience, earlyStopping }),
        signal: stopSignal(),
        onEvent: (event) => {
          if (event.kind === 'told') return progress.tell(event.evaluation, event.isBest)
          progress.resume()
          if (study.endCount < evaluations) void remarkOnLaunchers(client, line)
        },
      })
    } finally {
      progress.stop()
      await terminal.settled(LAST_WORDS_MS)
    }
    if (csv !== undefined) fs.writeFileSync(csv, formatCsv(study, workflow))
    if (isJson)
      for (const evaluation of bestFirst(study))
        await terminal.write(`${JSON.stringify(recordOfEvaluation(evaluation, workflow))}\n`)
    else await showBest(study, terminal)
    terminal.note(lastWords(study, end, workflow))
    const failed = study.evaluations.find(({ result }) => result?.kind === 'failed')
    if (failed !== undefined) terminal.suggest(`bjob log ${workflow}/${failed.name}`)
    else if (end !== 'interrupted') terminal.suggest(`bjob report --workflow ${workflow}`)
    return study.best === undefined || end === 'interrupted' ? 1 : 0
  },
}

/** Without a launcher, a search looks like a slow one. */
async function remarkOnLaunchers(client: SiteClient, line: ProgressLine): Promise<void> {
  try {
    const launchers = await readLaunchers(client.site)
    if (launchers.every(({ end }) => end !== undefined))
      line.print('no launcher is running: start one with `bjob launch`\n')
  } catch {
    // Only a hint.
  }
}

/** @throws BjobError `missing-input`, `bad-yaml`, `bad-space`, with the line */
function readSearch(file: string): Search {
  const full = path.resolve(file)
  let bytes: Buffer
  try {
    bytes = fs.readFileSync(full)
  } catch (error) {
    throw requestError('missing-input', `file not found: ${file}`, {
      path: full,
      cause: error,
      hint: hintFor('bad-space'),
    })
  }
  const yaml = parseYaml(decodeText(bytes, full), full)
  const loss = findLoss(yaml.written)
  if (loss !== undefined) {
    const field = loss.map(String).join('.')
    throw requestError('bad-space', `${field} ${LOSS}`, { path: full, field, ...yaml.locate(loss) })
  }
  try {
    return parseSearch(yaml.value)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const { field } = error.detail
    const place = field === undefined ? {} : yaml.locate(field.split('.'))
    throw requestError(error.code, error.message, { ...error.detail, path: full, ...place })
  }
}

/** Checked before hours of work. @throws BjobError `bad-option` */
function requireFolder(file: string): void {
  const folder = path.dirname(path.resolve(file))
  if (
    fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true ||
    fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === true
  )
    throw requestError('bad-option', `cannot write --csv ${file}: ${folder} is not a folder, or ${file} is one`)
}

function wholeNumber(input: Input, name: string, usual: number, least = 1): number {
  const value = input.number(name, least) ?? usual
  if (!Number.isSafeInteger(value)) throw requestError('bad-option', `--${name} must be a whole number, not ${value}`)
  return value
}

function workflowOf(input: Input, client: SiteClient, file: string): string {
  const given = input.text('workflow')
  if (given !== undefined) return checkName('workflow', given)
  const own = client.environment
  if (own !== undefined) return splitId(own.id).workflow
  const name = path
    .basename(file)
    .replace(/\.[^.]*$/, '')
    .replaceAll(/[^\w.,+=@%^~-]/g, '-')
    .replace(/^[^A-Za-z0-9_]+/, '')
  return name === '' ? DEFAULT_WORKFLOW : name
}
