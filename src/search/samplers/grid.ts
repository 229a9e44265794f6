/**
 * Grid search: every combination once, in an order shuffled by the seed so that an interrupted
 * search covers the whole range.
 */
import { requestError } from '../../core/text/errors.ts'
import type { RandomStream } from '../../lib/random-stream.ts'
import type { History } from './trial-history.ts'
import { countLevels, valueAtUnit, type Parameter, type Value } from '../space/parameter.ts'
import { listLevels, listPoints, type Point } from '../space/point.ts'
import type { Strategy } from './sampler.ts'
import type { Space } from '../space/space.ts'

const GRID_POINTS_LIMIT = 100_000
const DEFAULT_LEVELS = 5

/**
 * A float without step, or an integer with many values, is divided into as many levels as the
 * budget allows.
 * @throws BjobError `grid-too-large` if even two levels each give more points than a search could
 *   try
 */
export class GridStrategy implements Strategy {
  readonly #points: readonly Point[]

  constructor(space: Space, evaluations: number | undefined, random: RandomStream) {
    this.#points = random.substream('grid').shuffle(buildGrid(space, evaluations))
  }

  propose(_history: History, id: number): Point | undefined {
    return this.#points[id]
  }
}

function buildGrid(space: Space, evaluations: number | undefined): Point[] {
  const listGrid = (levels: number, limit: number): Point[] | undefined =>
    listPoints(space, (parameter) => listGridLevels(parameter, levels), limit)
  const usual = evaluations === undefined ? listGrid(DEFAULT_LEVELS, GRID_POINTS_LIMIT) : undefined
  if (usual) return usual
  let grid = listGrid(2, GRID_POINTS_LIMIT)
  if (!grid) throw requestError('grid-too-large', `a grid of this space has more than ${GRID_POINTS_LIMIT} points`)
  const limit = Math.min(evaluations ?? 0, GRID_POINTS_LIMIT)
  for (let levels = 3; levels <= limit; levels++) {
    const finer = listGrid(levels, limit)
    // No more points than with one level less: every range is tried in full.
    if (!finer || finer.length === grid.length) break
    grid = finer
  }
  return grid
}

/**
 * Choices and stepped parameters are tried in full; a range contributes its ends and evenly spaced
 * points.
 */
function listGridLevels(parameter: Parameter, levels: number): readonly Value[] {
  const isRange =
    parameter.kind === 'float' ? parameter.step === undefined : parameter.kind === 'integer' && parameter.step === 1
  if (!isRange || countLevels(parameter) <= levels) return listLevels(parameter)
  const values = Array.from({ length: levels }, (_, index) => valueAtUnit(parameter, index / (levels - 1)))
  return [...new Set(values)]
}
