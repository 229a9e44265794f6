/** Which of its input files a job takes when: those of its spawner when it is made, and those of parents that it waits for when it starts. */
import type { JobState } from './job-state.ts'
import type { JobSpec } from '../job/job-spec.ts'

/** A file or folder that a job gets, by absolute path, and its name in the job's folder. */
export interface InputFile {
  readonly file: string
  readonly name: string
}

/** What a new job gets with its folder. */
export interface NewInputFile extends InputFile {
  readonly mode: 'copy' | 'link'
}

/** The names of the files that came with a job's birth; undefined where its history does not say. */
export function filesAtBirth({ history }: JobState): readonly string[] | undefined {
  const event = history[0]?.event
  return event?.kind === 'born' ? event.inputs : undefined
}

/** Whether a job that is made now takes its parents' files later. */
export function waitsForInputs({ parents, waitForParents }: JobSpec): boolean {
  return waitForParents && parents.length > 0
}

/** Whether a job takes its parents' files when it starts, and how; `undefined` for one that got all there was when it was made. */
export function inputsAtStart({ history }: JobState, specification: JobSpec): 'copy' | 'link' | undefined {
  const { parents, inputFiles, inputMode = 'link' } = specification
  if (parents.length === 0 || inputFiles.length === 0) return undefined
  // It may have been told meanwhile not to wait.
  const hasWaited = history.some(({ state }) => state === 'AWAITING_PARENTS')
  return hasWaited || waitsForInputs(specification) ? inputMode : undefined
}
