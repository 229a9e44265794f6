/**
 * Reads task files: one command per line, as for GNU parallel and disBatch. Empty lines and lines
 * that start with # are skipped. Of disBatch's directives (its Readme), PREFIX, SUFFIX, REPEAT and
 * BARRIER are supported.
 */
import path from 'node:path'
import { BjobError, type ErrorDetail, requestError } from '../../core/text/errors.ts'
import { jobId } from '../../core/job/id.ts'
import { addApplication, readApplication } from '../../site/applications.ts'
import type { Site } from '../../site/site.ts'
import type { SpawnRecord } from './spawn-plan.ts'

/** Runs a line of shell; its arguments are the folder and the line. */
export const SHELL_APPLICATION = 'shell'

const REPEAT = /^(\d+)(?:\s+start\s+(\d+))?(?:\s+step\s+(\d+))?(?:\s+(.*))?$/i
/** Guards against typing errors that would fill the memory. */
const MOST_REPEATS = 1_000_000

export interface TaskOptions {
  /** Working folder of the lines. */
  readonly folder: string
  /** Application that gets each line as its arguments; by default the line is a shell command. */
  readonly application?: string | undefined
  readonly workflow: string
  /** Prefix of job names, followed by the line number; default `line`. */
  readonly name?: string | undefined
  /** Variables of every job. */
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** True if a file must contain commands: it has a disBatch directive, or a #! line. */
export function isTaskFile(text: string): boolean {
  return /^#DISBATCH /m.test(text) || /^#!.*\b(ba|z|k|da)?sh\b/.test(text)
}

/**
 * One record per command.
 * @param file for error messages
 * @throws BjobError `bad-task-file` with the line
 */
export function parseTaskFile(text: string, file: string, options: TaskOptions): SpawnRecord[] {
  const records: SpawnRecord[] = []
  const { folder, application, workflow, name: base = 'line', environment = {} } = options
  const isDisBatch = text.includes('#DISBATCH ')
  let prefix = ''
  let suffix = ''
  let barrier: string | undefined
  let sinceBarrier: string[] = []
  let taskId = 0
  const add = (line: number, name: string, command: string, variables: Readonly<Record<string, string>> = {}): void => {
    const ofDisBatch = {
      DISBATCH_JOBID: workflow,
      DISBATCH_NAMETASKS: path.basename(file),
      DISBATCH_TASKID: String(taskId++),
    }
    const environ_vars = { ...environment, ...(isDisBatch ? ofDisBatch : {}), ...variables }
    const where: ErrorDetail = { path: file, line }
    const run =
      application === undefined
        ? { application: SHELL_APPLICATION, args: [folder, command] }
        : { application, args: command }
    const parents = barrier === undefined ? {} : { parents: [barrier] }
    records.push({ record: { name, workflow, environ_vars, ...run, ...parents }, locate: () => where })
    sinceBarrier.push(jobId(workflow, name))
  }
  for (const [index, raw] of text.split('\n').entries()) {
    const number = index + 1
    const name = `${base}${number}`
    const line = raw.replace(/\r$/, '')
    const [, directive, rest = ''] = /^#DISBATCH\s+(\S+)(?: (.*))?$/.exec(line) ?? []
    switch (directive?.toUpperCase()) {
      case undefined:
        if (/^\s*(#|$)/.test(line)) continue
        add(number, name, prefix + line + suffix)
        break
      case 'PREFIX':
        prefix = rest
        break
      case 'SUFFIX':
        suffix = rest
        break
      case 'REPEAT': {
        const { count, start, step, command } = parseRepeat(rest, file, number)
        for (let at = 0; at < count; at++) {
          const repeat = { DISBATCH_REPEAT_INDEX: String(start + at * step) }
          add(number, `${name}-${start + at * step}`, prefix + command + suffix, repeat)
        }
        break
      }
      case 'BARRIER': {
        // A single job waits for all earlier ones, and all later ones wait for it, which avoids a
        // quadratic number of edges.
        if (sinceBarrier.length === 0) continue
        const parents = sinceBarrier
        records.push({
          record: { name: `barrier${number}`, workflow, application: SHELL_APPLICATION, args: [folder, ':'], parents },
          locate: () => ({ path: file, line: number }),
        })
        barrier = jobId(workflow, `barrier${number}`)
        sinceBarrier = []
        break
      }
      default:
        throw badTask(
          `has #DISBATCH ${directive}`,
          file,
          number,
          'supported directives: PREFIX, SUFFIX, REPEAT and BARRIER',
        )
    }
  }
  if (records.length === 0) throw requestError('bad-task-file', 'has no commands', { path: file })
  return records
}

function parseRepeat(
  rest: string,
  file: string,
  line: number,
): { readonly count: number; readonly start: number; readonly step: number; readonly command: string } {
  const [match, count, start = '0', step = '1', command = ''] = REPEAT.exec(rest.trim()) ?? []
  if (match === undefined || Number(count) > MOST_REPEATS || (Number(step) === 0 && Number(count) > 1))
    throw badTask('has an invalid REPEAT', file, line, 'syntax: #DISBATCH REPEAT COUNT [start N] [step N] [COMMAND]')
  return { count: Number(count), start: Number(start), step: Number(step), command }
}

function badTask(message: string, path: string, line: number, hint: string): BjobError {
  return requestError('bad-task-file', message, { path, line, hint })
}

/** Registers the application for shell lines, if missing. @returns true if it was registered now */
export async function provideShell({ disk, layout }: Site): Promise<boolean> {
  try {
    await readApplication(disk, layout, SHELL_APPLICATION)
    return false
  } catch (error) {
    if (!(error instanceof BjobError) || error.code !== 'unknown-application') throw error
  }
  await addApplication(disk, layout, {
    name: SHELL_APPLICATION,
    executable: ['/bin/bash', '-c', 'cd "$0" && eval "$1"'],
    shell: false,
    description: 'run a line of bash in a folder',
  })
  return true
}
