/** Creates samplers by name. */
import { RandomStream } from '../../lib/random-stream.ts'
import { AutoStrategy } from './auto.ts'
import { ExpectedImprovementStrategy } from './expected-improvement.ts'
import { GridStrategy } from './grid.ts'
import { QuasiRandomStrategy } from './quasi-random.ts'
import { RandomStrategy } from './random.ts'
import { ScalarisedStrategy } from './scalarised.ts'
import { StrategySampler, type Sampler, type Strategy } from './sampler.ts'
import type { Space } from '../space/space.ts'
import { TpeStrategy } from './tpe.ts'

export const SAMPLER_NAMES = ['auto', 'random', 'quasi-random', 'grid', 'tpe', 'gp'] as const
export type SamplerName = (typeof SAMPLER_NAMES)[number]

type StrategyMaker = (space: Space, random: RandomStream, evaluations: number | undefined) => Strategy

const STRATEGY_MAKERS: Readonly<Record<SamplerName, StrategyMaker>> = {
  auto: (space, random) => new AutoStrategy(space, random),
  random: (space) => new RandomStrategy(space),
  'quasi-random': (space, random) => new QuasiRandomStrategy(space, random),
  grid: (space, random, evaluations) => new GridStrategy(space, evaluations, random),
  tpe: (space, random) => new TpeStrategy(space, random),
  gp: (space, random) => new ExpectedImprovementStrategy(space, random),
}

export interface SamplerOptions {
  readonly seed: number
  /** Maximum number of evaluations, if known; it sets the resolution of a grid. */
  readonly evaluations?: number | undefined
}

/**
 * A sampler without trials. The same space, name, options and history give the same points.
 * @throws BjobError `grid-too-large`
 */
export function createSampler(space: Space, name: SamplerName, options: SamplerOptions): Sampler {
  const random = new RandomStream(String(options.seed))
  const make = (): Strategy => STRATEGY_MAKERS[name](space, random, options.evaluations)
  const isLearning = name === 'auto' || name === 'tpe' || name === 'gp'
  const directions = [space.direction, ...space.further.map(({ direction }) => direction)]
  const strategy = isLearning && directions.length > 1 ? new ScalarisedStrategy(directions, make) : make()
  return new StrategySampler(space, strategy, random)
}
