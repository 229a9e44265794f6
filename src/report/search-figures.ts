/** What a report shows of a hyperparameter search: the data of its figures, small enough for a page. */
import type { HistoryPoint, ParallelCoordinates } from '../search/study/study-figures.ts'
import type { Importance } from '../search/study/importance.ts'

export interface SearchFigures {
  /** The workflow that holds its evaluations. */
  readonly workflow: string
  readonly direction: 'minimise' | 'maximise'
  readonly history: readonly HistoryPoint[]
  /** The slices are drawn from the same: one axis against the objective. */
  readonly parallel: ParallelCoordinates
  readonly importances: readonly Importance[]
}
