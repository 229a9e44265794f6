import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { afterEach, beforeEach, describe, expect } from 'vitest'

import { type TemplateValue, quoteWord, renderBatchScript } from '../../../src/platform/schedulers/batch-script.ts'
import { findScheduler } from '../../../src/platform/schedulers/schedulers.ts'

const templates = join(import.meta.dirname, '../../../templates/batch')
const readTemplate = (name: string) => readFileSync(join(templates, `${name}.sh`), 'utf8')
const names = ['slurm', 'pbs', 'lsf', 'flux', 'cobalt', 'grid-engine']

const values = (site: string, launch: readonly string[]): Record<string, TemplateValue> => ({
  name: 'bjob-a',
  nodes: 4,
  time_limit: '1:00:00',
  queue: 'debug',
  account: undefined,
  output: 'launchers/batch.log',
  warning_seconds: 300,
  warning_minutes: 5,
  parallel_environment: undefined,
  slots: undefined,
  directives: { lines: [] },
  setup: { lines: ['module_loaded=yes'] },
  programs: ['bash'],
  site,
  launch,
})

describe('renderBatchScript', () => {
  test('directives, words and lines', () => {
    const template = '#X -q {{queue}}\n#X -A {{account}}\n{{directives}}\ncd {{site}}\n{{ launch }} --end\n{{setup}}\n'
    const filled = { ...values("/a b/it's", ['bjob', 'launch', '--name', '*']), directives: { lines: ['#X -C "gpu"'] } }
    expect(renderBatchScript(template, filled)).toBe(
      `#X -q debug\n#X -C "gpu"\ncd '/a b/it'\\''s'\nbjob launch --name '*' --end\nmodule_loaded=yes\n`,
    )
  })

  test('what was not given leaves no line in the directives and no word elsewhere', () => {
    expect(renderBatchScript('a\n#X {{account}}\n{{account}}\nrun {{account}} b', values('/', []))).toBe('a\nrun  b')
  })

  test.each<[string, TemplateValue, string]>([
    ['run\n{{quue}}', 'x', 'line 2: {{quue}} is not a variable of a batch script'],
    ['run {{toString}}', 'x', '{{toString}} is not a variable'],
    ['#X {{queue}}', 'a b', "line 1: {{queue}} cannot be 'a b'"],
    ['#X {{queue}}', 'a\n#X -p other', 'a directive cannot contain a blank'],
    ['#X {{queue}}', '', 'a directive cannot contain a blank'],
    ['run {{queue}}', 'a\nb', 'it contains a line break'],
    ['run {{queue}}', { lines: ['a'] }, 'a variable that stands for whole lines needs its own line'],
    ['{{queue}}', { lines: ['a\nb'] }, 'an entry must be one line'],
  ])('%j with %j', (template, queue, message) => {
    expect(() => renderBatchScript(template, { ...values('/', []), queue }, 'batch.sh')).toThrow(message)
    expect(() => renderBatchScript(template, { ...values('/', []), queue }, 'batch.sh')).toThrow(
      expect.objectContaining({ kind: 'request', detail: expect.objectContaining({ path: 'batch.sh' }) }),
    )
  })

  test.prop(
    [
      fc.array(
        fc.string({ unit: 'grapheme' }).filter((word) => !/[\0\n\r]/.test(word)),
        { maxLength: 5 },
      ),
    ],
    {
      numRuns: 30,
    },
  )('a shell reads quoted words back', (words) => {
    const script = renderBatchScript(String.raw`printf '%s\n' start {{launch}}`, values('/', words))
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    expect(stdout).toBe(['start', ...words, ''].join('\n'))
  })

  test('plain words stay readable', () => {
    expect(quoteWord('--time-limit=10,a/b_c.d:e')).toBe('--time-limit=10,a/b_c.d:e')
    expect(quoteWord('')).toBe("''")
    expect(quoteWord('~x')).toBe("'~x'")
  })
})

describe('the file that a scheduler writes', () => {
  const outputOf = (scheduler: string, path: string): string | undefined => findScheduler(scheduler).formatOutput(path)

  test.each(names)('%s: a plain path as it is, and nothing that would be another line or path', (name) => {
    expect(outputOf(name, '/scratch/me/site/out-1.log')).toBe('/scratch/me/site/out-1.log')
    for (const path of ['/a\n#X', '/a"b', '/a\\b']) expect(outputOf(name, path), path).toBeUndefined()
  })

  test.each([
    ['slurm', '/my site/%j 100%/x', '"/my site/%%j 100%%/x"'],
    ['slurm', "/it's/#1", `"/it's/#1"`],
    ['pbs', '/my site/%j', '"/my site/%j"'],
    ['lsf', '/my site/x', '"/my site/x"'],
    ['lsf', '/%J/x', undefined],
    ['flux', '/my site/x', '"/my site/x"'],
    ['flux', '/{{id}}/x', undefined],
    ['grid-engine', '/my site/x', '"/my site/x"'],
    ['grid-engine', '/$JOB_ID/x', undefined],
    ['cobalt', '/my site/x', undefined],
  ])('%s: %s', (name, path, expected) => expect(outputOf(name, path)).toBe(expected))

  test('a path that no directive can name is refused, and only there', () => {
    const output = { path: '/%J/x', directive: undefined }
    expect(() => renderBatchScript('#BSUB -o {{output}}', { output })).toThrow(/would misread the path/)
    expect(renderBatchScript('tail {{output}}', { output })).toBe('tail /%J/x')
  })
})

describe('the templates', () => {
  let folder = ''
  let groupId: number | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "batch script's "))
  })
  afterEach(() => {
    try {
      if (groupId !== undefined) process.kill(-groupId, 'SIGKILL')
    } catch {
      // All of it has ended, as it should.
    }
    groupId = undefined
    rmSync(folder, { recursive: true })
  })

  test('there is one for every scheduler', () => {
    expect(readdirSync(templates).sort()).toEqual(names.map((name) => `${name}.sh`).sort())
  })

  test.each(names)('%s: its directives lead, in its own form, without those that have no value', (name) => {
    const scheduler = findScheduler(name)
    const { directivePrefix } = scheduler
    const script = renderBatchScript(readTemplate(name), {
      ...values(folder, ['true']),
      time_limit: scheduler.formatLimit(3600),
      directives: { lines: [`${directivePrefix} --extra`] },
    })
    const lines = script.split('\n')
    expect(lines[0]).toBe('#!/bin/bash')
    const last = lines.findLastIndex((line) => line.startsWith(`${directivePrefix} `))
    expect(lines.slice(1, last + 1).filter((line) => !line.startsWith(`${directivePrefix} `))).toEqual([])
    expect(lines[last]).toBe(`${directivePrefix} --extra`)
    expect(script).not.toMatch(/\{\{|undefined|account/)
  })

  test.each(names)('%s: a node that lacks what starts bjob says so in one line', (name) => {
    const program = join(folder, "it's not", 'node')
    const script = renderBatchScript(readTemplate(name), {
      ...values(folder, ['touch', join(folder, 'ran')]),
      programs: ['bash', program],
    })
    const { status, stdout } = spawnSync('bash', ['-c', script], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    })
    expect(stdout.split('\n')[0]).toMatch(/^bjob: node \S+ has no /)
    expect(stdout).toContain(program)
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(status).toBe(127)
    expect(readdirSync(folder)).toEqual([])
  })

  test.each(names)('%s: runs in the site and gives the launcher`s status', (name) => {
    const script = renderBatchScript(readTemplate(name), values(folder, ['bash', '-c', 'pwd >here; exit 41']))
    expect(spawnSync('bash', ['-c', script]).status).toBe(41)
    expect(readFileSync(join(folder, 'here'), 'utf8').trim()).toBe(folder)
  })

  test.each(['SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s reaches the launcher as TERM and is waited for',
    async (signal) => {
      // The launcher says when it listens, ends a while after the warning, and with its own status.
      const launcher =
        'trap "echo warned; sleep 0.2; echo ended; exit 42" TERM; echo ready; while :; do sleep 0.05; done'
      const path = join(folder, 'batch.sh')
      writeFileSync(path, renderBatchScript(readTemplate('slurm'), values(folder, ['bash', '-c', launcher])))
      const batch = spawn('bash', [path], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
      groupId = batch.pid
      let said = ''
      batch.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (!said.includes('ready')) batch.kill(signal)
        said += text
      })
      const status = await new Promise((resolve) => batch.on('exit', resolve))
      expect(said).toBe('ready\nwarned\nended\n')
      expect(status).toBe(42)
    },
  )
})
