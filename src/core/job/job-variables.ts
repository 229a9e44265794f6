/**
 * The environment variables that identify a job to itself and its hooks; Balsam's names under
 * BJOB_.
 */
import type { JobId } from './id.ts'

/** All of them, including those of hooks only (launch/hooks.ts). */
export const JOB_VARIABLES: readonly string[] = [
  'BJOB_SITE',
  'BJOB_JOB_ID',
  'BJOB_PARENT_IDS',
  'BJOB_ATTEMPT',
  'BJOB_NODES',
  'BJOB_LAUNCHER',
  'BJOB_LAUNCHER_NODES',
  'BJOB_HOOK',
  'BJOB_ERROR',
  'BJOB_TIMEOUT',
]

export interface JobIdentity {
  /** The site's folder. */
  readonly root: string
  readonly id: JobId
  readonly parents: readonly JobId[]
  readonly attempt: number
  readonly nodes: readonly string[]
}

export function jobVariables({ root, id, parents, attempt, nodes }: JobIdentity): Record<string, string> {
  return {
    BJOB_SITE: root,
    BJOB_JOB_ID: id,
    BJOB_PARENT_IDS: JSON.stringify(parents),
    BJOB_ATTEMPT: String(attempt),
    BJOB_NODES: nodes.join(','),
  }
}

/**
 * The variables of a job's launcher. All of these override the job's own and inherited ones; null
 * removes a variable that only hooks have.
 */
export function launcherVariables(launcher: string, nodes: number): Record<string, string | null> {
  return {
    BJOB_LAUNCHER: launcher,
    BJOB_LAUNCHER_NODES: String(nodes),
    BJOB_HOOK: null,
    BJOB_ERROR: null,
    BJOB_TIMEOUT: null,
  }
}
