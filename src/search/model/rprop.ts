/**
 * Minimises a smooth function of a few variables by its gradient, without line search parameters.
 */

export interface ValueAndGradient {
  readonly value: number
  readonly gradient: ArrayLike<number>
}

const FASTER = 1.2
const SLOWER = 0.5
const FIRST_STEP = 0.1
const LONGEST_STEP = 1
const SHORTEST_STEP = 0.01

/**
 * iRprop- (Igel and Hüsken 2003, "Empirical evaluation of the improved Rprop learning algorithm"),
 * which Blum and Riedmiller (2013, "Optimization of Gaussian process hyperparameters using Rprop")
 * found as good as conjugate gradients.
 * @param evaluate the function; a value that is not finite counts as a barrier
 * @returns the best variables seen
 */
export function minimiseByRprop(
  evaluate: (variables: Float64Array) => ValueAndGradient,
  start: ArrayLike<number>,
  iterations: number,
): Float64Array {
  const variables = Float64Array.from(start)
  const steps = new Float64Array(variables.length).fill(FIRST_STEP)
  const signs = new Float64Array(variables.length)
  let best = Float64Array.from(start)
  let lowest = Infinity
  for (let iteration = 0; iteration < iterations; iteration++) {
    const { value, gradient } = evaluate(variables)
    if (value < lowest) {
      lowest = value
      best = Float64Array.from(variables)
    }
    let longest = 0
    for (const [index, variable] of variables.entries()) {
      const sign = Number.isFinite(value) ? Math.sign(gradient[index] ?? 0) : 0
      const turn = sign * (signs[index] ?? 0)
      const step = Math.min(LONGEST_STEP, (steps[index] ?? 0) * (turn > 0 ? FASTER : turn < 0 ? SLOWER : 1))
      steps[index] = step
      // After a change of sign the variable rests for one turn.
      signs[index] = turn < 0 ? 0 : sign
      if (turn >= 0) variables[index] = variable - sign * step
      if (sign !== 0) longest = Math.max(longest, step)
    }
    if (!Number.isFinite(value)) {
      variables.set(best)
      steps.forEach((step, index) => (steps[index] = step * SLOWER))
      signs.fill(0)
    } else if (longest < SHORTEST_STEP) break
  }
  return best
}
