/** The data of a hyperparameter search's figures, compact enough for a page. */
import type { HistoryPoint, ParallelCoordinates } from '../search/study/study-figures.ts'
import type { Importance } from '../search/study/importance.ts'

export interface SearchFigures {
  /** The workflow of its evaluations. */
  readonly workflow: string
  readonly direction: 'minimise' | 'maximise'
  readonly history: readonly HistoryPoint[]
  /** Also the data of the slices: one axis against the objective. */
  readonly parallel: ParallelCoordinates
  readonly importances: readonly Importance[]
}
