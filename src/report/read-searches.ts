/** Reads the hyperparameter searches among the selected jobs, with the data of their figures. */
import type { SiteClient } from '../client/site-client.ts'
import { BjobError } from '../core/text/errors.ts'
import { readStudy } from '../search/study/evaluation-jobs.ts'
import { historyOfBest, parallelCoordinates } from '../search/study/study-figures.ts'
import { importances } from '../search/study/importance.ts'
import type { Study } from '../search/study/study.ts'
import type { SearchFigures } from './search-figures.ts'

/** @param workflows workflows with jobs that have names of evaluations */
export async function readSearches(client: SiteClient, workflows: ReadonlySet<string>): Promise<SearchFigures[]> {
  const searches: SearchFigures[] = []
  for (const workflow of workflows) {
    const study = await tryReadStudy(client, workflow)
    if (study?.best === undefined) continue
    const { direction } = study.search.space
    searches.push({
      workflow,
      direction,
      history: historyOfBest(study),
      parallel: parallelCoordinates(study),
      importances: importances(study),
    })
  }
  return searches
}

/** A job that disappears or breaks costs the figures of its search, not the report. */
async function tryReadStudy(client: SiteClient, workflow: string): Promise<Study | undefined> {
  try {
    return await readStudy(client, workflow)
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}
