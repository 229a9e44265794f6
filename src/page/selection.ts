/** The reader's selection of jobs: words, states, a workflow, an application, a cause. */
import { SHOWN_STATES } from '../core/life/states.ts'
import type { Dataset } from '../report/dataset.ts'

export interface Choice {
  /** Words that a job's id, cause or launcher must all contain, ignoring case. */
  readonly text: string
  /** Indexes into SHOWN_STATES; empty for all. */
  readonly states: ReadonlySet<number>
  /** Indexes into the data set's lists; -1 for all. */
  readonly workflow: number
  readonly application: number
  readonly cause: number
}

export const ALL: Choice = { text: '', states: new Set(), workflow: -1, application: -1, cause: -1 }

export function isAll({ text, states, workflow, application, cause }: Choice): boolean {
  return text.trim() === '' && states.size === 0 && workflow < 0 && application < 0 && cause < 0
}

/** 1 for each selected job. */
export function choose(dataset: Dataset, choice: Choice): Uint8Array {
  const { jobs, workflows, causes, launchers } = dataset
  const words = choice.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const lower = {
    workflows: workflows.map(lowerCase),
    causes: causes.map(lowerCase),
    launchers: launchers.map(({ id }) => lowerCase(id)),
  }
  const chosen = new Uint8Array(jobs.name.length)
  for (const [job, name] of jobs.name.entries()) {
    const workflow = jobs.workflow[job] ?? 0
    const cause = jobs.cause[job] ?? -1
    if (choice.workflow >= 0 && choice.workflow !== workflow) continue
    if (choice.application >= 0 && choice.application !== jobs.application[job]) continue
    if (choice.cause >= 0 && choice.cause !== cause) continue
    if (choice.states.size > 0 && !choice.states.has(jobs.state[job] ?? 0)) continue
    if (words.length > 0) {
      const text = `${lower.workflows[workflow] ?? ''}/${name.toLowerCase()} ${lower.causes[cause] ?? ''} ${lower.launchers[jobs.launcher[job] ?? -1] ?? ''}`
      if (!words.every((word) => text.includes(word))) continue
    }
    chosen[job] = 1
  }
  return chosen
}

/** Number of jobs in each state, by its index. */
export function countStates({ jobs }: Dataset): number[] {
  const counts = SHOWN_STATES.map(() => 0)
  for (const state of jobs.state) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

function lowerCase(text: string): string {
  return text.toLowerCase()
}
