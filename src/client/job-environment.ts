/** The environment of a running job, or the user of this process. The only reader of `BJOB_*`. */
import os from 'node:os'
import type { JobId } from '../core/job/id.ts'
import { shortHost } from '../lib/token.ts'

/** Set by the launcher for every job. */
export interface JobEnvironment {
  /** The site's folder. */
  readonly site: string
  readonly id: JobId
  readonly parents: readonly JobId[]
  readonly launcher: string | undefined
  /** Number of the launcher's nodes. */
  readonly launcherNodes: number | undefined
  readonly attempt: number
  /** True if this run handles an earlier attempt's timeout, or its error. */
  readonly isTimeout: boolean
  readonly isError: boolean
  /** The hook that this process is, if any. */
  readonly hook: string | undefined
}

/** @returns undefined outside a job */
export function readJobEnvironment(environment: NodeJS.ProcessEnv): JobEnvironment | undefined {
  const site = environment['BJOB_SITE'] ?? ''
  const id = environment['BJOB_JOB_ID'] ?? ''
  if (site === '' || id === '') return undefined
  return {
    site,
    id,
    parents: parseIds(environment['BJOB_PARENT_IDS'] ?? ''),
    launcher: environment['BJOB_LAUNCHER'],
    launcherNodes: numberOf(environment['BJOB_LAUNCHER_NODES']),
    attempt: Number(environment['BJOB_ATTEMPT'] ?? 0),
    isTimeout: environment['BJOB_TIMEOUT'] === 'TRUE',
    isError: environment['BJOB_ERROR'] === 'TRUE',
    hook: environment['BJOB_HOOK'],
  }
}

/** `<user>@<host>`, for a job's history. */
export function personName(environment: NodeJS.ProcessEnv = process.env): string {
  return `${userName(environment)}@${shortHost()}`
}

function userName(environment: NodeJS.ProcessEnv): string {
  try {
    return os.userInfo().username
  } catch {
    // A user without an entry in the password file, as in some containers.
    return environment['USER'] ?? String(process.getuid?.() ?? 'somebody')
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text)
}

function parseIds(text: string): JobId[] {
  try {
    const value: unknown = JSON.parse(text === '' ? '[]' : text)
    return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : []
  } catch {
    return []
  }
}
