/**
 * When a job gets its input files: those of the spawner at spawn, those of awaited parents at
 * start.
 */
import type { JobState } from './job-state.ts'
import type { JobSpec } from '../job/job-spec.ts'

/** A file or folder for a job: absolute path, and name in the job's folder. */
export interface InputFile {
  readonly file: string
  readonly name: string
}

/** A file for a new job. */
export interface NewInputFile extends InputFile {
  readonly mode: 'copy' | 'link'
}

/** Names of the files provided at spawn; undefined if the history does not record them. */
export function filesAtBirth({ history }: JobState): readonly string[] | undefined {
  const event = history[0]?.event
  return event?.kind === 'born' ? event.inputs : undefined
}

/** True if a new job gets its parents' files later. */
export function waitsForInputs({ parents, waitForParents }: JobSpec): boolean {
  return waitForParents && parents.length > 0
}

/**
 * Mode in which a job gets its parents' files at start; `undefined` if it got all files at spawn.
 */
export function inputsAtStart({ history }: JobState, spec: JobSpec): 'copy' | 'link' | undefined {
  const { parents, inputFiles, inputMode = 'link' } = spec
  if (parents.length === 0 || inputFiles.length === 0) return undefined
  // wait_for_parents may have been changed meanwhile.
  const hasWaited = history.some(({ state }) => state === 'AWAITING_PARENTS')
  return hasWaited || waitsForInputs(spec) ? inputMode : undefined
}
