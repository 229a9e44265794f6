/** Functions of the normal distribution that JavaScript lacks. */

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI)

/** Logarithm of the standard normal density. */
export function logNormalDensity(z: number): number {
  return -0.5 * z * z - LOG_SQRT_2PI
}

/** P(Z ≤ z) of a standard normal Z, to a relative error of 2e-7 in either tail. */
export function normalProbability(z: number): number {
  const tail = 0.5 * scaledErfc(Math.abs(z) * Math.SQRT1_2) * Math.exp(-0.5 * z * z)
  return z < 0 ? tail : 1 - tail
}

/**
 * exp(x²) erfc(x) for x ≥ 0, to a relative error of 1.2e-7 (the Chebyshev fit of Press et al.,
 * "Numerical Recipes in C", 2nd edition 1992, section 6.2).
 */
export function scaledErfc(x: number): number {
  const t = 1 / (1 + 0.5 * x)
  let polynomial = 0.17087277
  for (const coefficient of ERFC_COEFFICIENTS) polynomial = polynomial * t + coefficient
  return t * Math.exp(polynomial)
}

const ERFC_COEFFICIENTS = [
  -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223,
] as const
