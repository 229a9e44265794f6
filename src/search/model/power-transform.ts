/**
 * Transforms skewed losses to be nearly normal, so that one huge loss does not hide the differences
 * among the others.
 */

const SMALLEST_POWER = -4
const LARGEST_POWER = 2
const POWER_STEP = 0.1

/**
 * Standardises the losses, applies the power of Yeo and Johnson (2000) that makes them most nearly
 * normal, and standardises again.
 */
export function warpToNormal(losses: readonly number[]): number[] {
  const standard = standardise(losses)
  let best = standard
  let highest = -Infinity
  const logScale = standard.reduce((sum, value) => sum + Math.sign(value) * Math.log1p(Math.abs(value)), 0)
  for (let power = SMALLEST_POWER; power <= LARGEST_POWER; power += POWER_STEP) {
    const warped = standard.map((value) => bend(value, power))
    const likelihood = -0.5 * losses.length * Math.log(variance(warped)) + (power - 1) * logScale
    if (likelihood > highest) {
      highest = likelihood
      best = warped
    }
  }
  return standardise(best)
}

/**
 * Yeo and Johnson 2000, "A new family of power transformations to improve normality or symmetry",
 * equation 2.1.
 */
function bend(value: number, power: number): number {
  if (value >= 0) return Math.abs(power) < 1e-9 ? Math.log1p(value) : ((1 + value) ** power - 1) / power
  const mirrored = 2 - power
  return Math.abs(mirrored) < 1e-9 ? -Math.log1p(-value) : -((1 - value) ** mirrored - 1) / mirrored
}

function standardise(values: readonly number[]): number[] {
  // Huge losses (1e300) must not overflow when squared.
  const scale = Math.max(...values.map(Math.abs)) || 1
  const scaled = values.map((value) => value / scale)
  const mean = average(scaled)
  const deviation = Math.sqrt(variance(scaled)) || 1
  return scaled.map((value) => (value - mean) / deviation)
}

function variance(values: readonly number[]): number {
  const mean = average(values)
  return average(values.map((value) => (value - mean) ** 2))
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
