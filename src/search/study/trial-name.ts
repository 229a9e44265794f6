/** How the jobs of a search are called: whoever looks for searches among jobs need not load one. */

const NAME = /^eval-([1-9]\d*)$/

/** The name of the job that evaluates trial `id`; people count from 1. */
export function nameOfTrial(id: number): string {
  return `eval-${id + 1}`
}

/** @returns undefined for a job that is none of a search */
export function trialOfName(name: string): number | undefined {
  const found = NAME.exec(name)?.[1]
  return found === undefined ? undefined : Number(found) - 1
}
