/** `bjob tune`: a hyperparameter search without writing a driver. */
import fs from 'node:fs'
import path from 'node:path'
import type { SiteClient } from '../../client/site-client.ts'
import { BjobError, requestError } from '../../core/errors.ts'
import { DEFAULT_WORKFLOW, checkName, splitId } from '../../core/id.ts'
import { parseYaml } from '../../core/yaml-text.ts'
import { SAMPLER_NAMES } from '../../search/create-sampler.ts'
import { type SearchEnd, runSearch } from '../../search/driver.ts'
import { type Evaluation, type Search, Study, parseSearch } from '../../search/study.ts'
import type { Command } from '../command.ts'
import { oneWord } from '../filter-options.ts'
import type { Input } from '../option.ts'
import { SearchProgress, formatNumber } from '../search-progress.ts'
import { SPAWN_OPTIONS, recordOf } from '../spawn-options.ts'
import { stopSignal } from '../stop-signal.ts'
import type { Terminal } from '../terminal.ts'

/** Those of `spawn` that a search decides itself, or says otherwise. */
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
  'if-exists',
  'json',
]
const SHOWN = 10
const LAST_WORDS_MS = 2000

export const tuneCommand: Command = {
  words: 'SPACE.yaml [-- ARG…]',
  about: `Searches for the best point of a space. Each evaluation is a job eval-1, eval-2, … of the workflow; it finds its point in eval-1.json, the first of
its arguments: {"x": {…}, "params": …, …}. It writes its objective to result.dat: a number, or JSON with the field that the space names as its
\`objective\` (else loss, value, …). What fails, is killed, times out or gives no number is told to the sampler as a failure, and listed at the end.
Launchers run the jobs: start them before or after, here or in allocations.
The jobs are the only checkpoint: killed at any time, it goes on when the same command is given again, from any node.

  parameters:                           # SPACE.yaml
    rate: {type: float, low: 1.0e-4, high: 1, log: true}
    width: {type: integer, low: 2, high: 48}
    activation: {choices: [tanh, relu, sigmoid]}
    momentum: {type: float, low: 0, high: 1, when: {activation: relu}}
  direction: minimise                   # or maximise
  objective: loss                       # the field of result.dat
  params: {epochs: 100}                 # the same for all evaluations`,
  options: [
    { name: 'application', alias: 'app', value: 'NAME', summary: 'what evaluates a point: a name from `bjob app ls`' },
    { name: 'evals', value: 'N', summary: 'end after N evaluations, those of earlier runs included (default 100)' },
    { name: 'parallel', value: 'P', summary: 'points under evaluation at any time (default 4)' },
    { name: 'sampler', value: 'NAME', summary: `${SAMPLER_NAMES.join(', ')} (default auto)` },
    { name: 'seed', value: 'N', summary: 'another seed is another search (default 0)' },
    { name: 'target', value: 'VALUE', summary: 'end when a value is as good' },
    { name: 'time-limit-minutes', value: 'M', summary: 'end after that long' },
    { name: 'file', value: 'NAME', summary: 'the file with the result (default result.dat)' },
    {
      name: 'workflow',
      value: 'NAME',
      summary: 'where the jobs go (default: the name of SPACE.yaml; inside a job, its workflow)',
    },
    { name: 'json', summary: 'print all evaluations as JSON at the end, the best first' },
    ...SPAWN_OPTIONS.filter(({ name }) => !OWN_OPTIONS.includes(name)),
  ],
  examples: [
    [
      'bjob tune space.yaml --application eval_point --evals 200 --parallel 16',
      'a search; `bjob launch` runs its jobs',
    ],
    [
      'bjob tune space.yaml --app train --gpus-per-rank 1 --wall-time-minutes 30 -- --data /scratch/set',
      'with fields of the jobs, and arguments after the point',
    ],
  ],
  async run(input, session) {
    const { terminal } = session
    const file = oneWord(input, 'SPACE.yaml')
    const search = readSearch(file)
    const application = input.text('application')
    if (application === undefined) throw requestError('bad-option', 'what evaluates a point? Say --application NAME')
    const evaluations = wholeNumber(input, 'evals', 100)
    const study = new Study(search, {
      sampler: input.choice('sampler', SAMPLER_NAMES) ?? 'auto',
      seed: wholeNumber(input, 'seed', 0, 0),
      evaluations,
    })
    const target = input.number('target', -Infinity)
    const timeLimitMinutes = input.number('time-limit-minutes')
    const client = await session.open()
    const workflow = workflowOf(input, client, file)
    const isJson = input.has('json')
    const progress = new SearchProgress(
      terminal,
      study,
      evaluations,
      () => client.select({ workflow: [workflow], state: ['RUNNING'], name: ['eval-*'] }).count(),
      (line) => (isJson ? terminal.note(line) : terminal.writeLater(`${line}\n`)),
      terminal.isInteractive && !isJson,
    )
    let end: SearchEnd
    try {
      end = await runSearch(client, study, {
        workflow,
        job: { ...recordOf(input), application },
        evaluations,
        parallel: wholeNumber(input, 'parallel', 4),
        file: input.text('file') ?? 'result.dat',
        ...(target === undefined ? {} : { target }),
        ...(timeLimitMinutes === undefined ? {} : { timeLimitMinutes }),
        signal: stopSignal(),
        onEvent: (event) => {
          if (event.kind === 'resumed') progress.resume()
          else progress.tell(event.evaluation, event.isBest)
        },
      })
    } finally {
      progress.stop()
      await terminal.settled(LAST_WORDS_MS)
    }
    if (isJson) for (const evaluation of bestFirst(study)) await terminal.json(recordOfEvaluation(evaluation, workflow))
    else await showBest(study, terminal)
    terminal.note(lastWords(study, end, workflow))
    return study.best === undefined || end === 'interrupted' ? 1 : 0
  },
}

/** @throws BjobError `missing-input`, `bad-yaml`, `bad-space`, with the line */
function readSearch(file: string): Search {
  const full = path.resolve(file)
  let text: string
  try {
    text = fs.readFileSync(full, 'utf8')
  } catch (error) {
    throw requestError('missing-input', `there is no file ${file} to read a space from`, { path: full, cause: error })
  }
  const yaml = parseYaml(text, full)
  try {
    return parseSearch(yaml.value)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const { field } = error.detail
    const place = field === undefined ? {} : yaml.locate(field.split('.'))
    throw requestError(error.code, error.message, { ...error.detail, path: full, ...place })
  }
}

function wholeNumber(input: Input, name: string, usual: number, least = 1): number {
  const value = input.number(name, least) ?? usual
  if (!Number.isSafeInteger(value))
    throw requestError('bad-option', `--${name} must be a whole number, and is ${value}`)
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

async function showBest(study: Study, terminal: Terminal): Promise<void> {
  const best = study.listBest().slice(0, SHOWN)
  if (best.length === 0) return
  const names = study.search.space.parameters.map(({ name }) => name)
  const value = study.search.space.objective ?? 'value'
  await terminal.table(
    ['evaluation', value, ...names],
    best.map(({ name, result, point }) => [
      name,
      formatNumber(result.value),
      ...names.map((parameter) => formatValue(point[parameter])),
    ]),
  )
}

function formatValue(value: Evaluation['point'][string] | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'number' ? formatNumber(value) : String(value)
}

/** With values, best first; then those that failed; then those of which nothing is known. */
function bestFirst(study: Study): Evaluation[] {
  const { evaluations } = study
  return [
    ...study.listBest(),
    ...evaluations.filter(({ result }) => result?.kind === 'failed'),
    ...evaluations.filter(({ result }) => result === undefined),
  ]
}

function recordOfEvaluation({ id, name, point, result }: Evaluation, workflow: string): Record<string, unknown> {
  return {
    id: `${workflow}/${name}`,
    trial: id,
    point,
    value: result?.kind === 'value' ? result.value : null,
    ...(result?.kind === 'failed' ? { failure: result.reason } : {}),
    ended: result !== undefined,
  }
}

function lastWords(study: Study, end: SearchEnd, workflow: string): string {
  const { endCount, failureCount, pendingCount } = study
  const why: Readonly<Record<SearchEnd, string>> = {
    evaluations: 'all evaluations are done',
    target: 'the target is reached',
    exhausted: 'every point of the space was evaluated',
    time: 'the time is up',
    interrupted: 'interrupted',
  }
  const lines = [`bjob: ${why[end]}: ${endCount} ended, ${failureCount} of them failed${failureCount > 0 ? ':' : ''}`]
  const failed = study.evaluations.filter(({ result }) => result?.kind === 'failed')
  for (const { name, result } of failed.slice(0, SHOWN))
    lines.push(`  ${workflow}/${name}: ${result?.kind === 'failed' ? result.reason : ''}`)
  if (failed.length > SHOWN) lines.push(`  and ${failed.length - SHOWN} more (--json lists all)`)
  if (pendingCount > 0)
    lines.push(
      `${pendingCount} ${pendingCount === 1 ? 'evaluation goes' : 'evaluations go'} on: the same command waits for ${pendingCount === 1 ? 'it' : 'them'}, \`bjob kill --workflow ${workflow}\` ends ${pendingCount === 1 ? 'it' : 'them'}`,
    )
  return lines.join('\n')
}
