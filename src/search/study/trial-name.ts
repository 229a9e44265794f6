/** Names of evaluation jobs, in a file of its own so that listing jobs need not load a search. */

const NAME = /^eval-([1-9]\d*)$/

/** The job name of trial `id`, counting from 1. */
export function nameOfTrial(id: number): string {
  return `eval-${id + 1}`
}

/** @returns undefined for a job that is not an evaluation */
export function trialOfName(name: string): number | undefined {
  const found = NAME.exec(name)?.[1]
  return found === undefined ? undefined : Number(found) - 1
}
