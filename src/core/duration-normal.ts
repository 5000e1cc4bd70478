/**
 * The normal law, as far as lognormal durations need it. Pure.
 */

/**
 * Complementary error function, relative error below 1.2e-7 everywhere, so that far tails keep their ratio.
 * @see W. J. Cody's problem as fitted by Chebyshev in Press et al., Numerical Recipes, section 6.2
 */
export function erfc(x: number): number {
  const z = Math.abs(x);
  const t = 1 / (1 + 0.5 * z);
  const c = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  let sum = 0;
  for (let k = c.length - 1; k >= 0; k--) sum = sum * t + (c[k] as number);
  const y = t * Math.exp(-z * z + sum);
  return x >= 0 ? y : 2 - y;
}

/** Share of the standard normal law above `z`. */
export const normalAbove = (z: number): number => 0.5 * erfc(z / Math.SQRT2);

/** Density of the standard normal law. */
export const normalDensity = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

/** Share of the standard normal law between two points, accurate in both tails. */
export const normalBetween = (low: number, high: number): number =>
  low > 0 ? normalAbove(low) - normalAbove(high) : normalAbove(-high) - normalAbove(-low);

/** The 95 % point of the standard normal law. */
export const z95 = 1.6448536269514722;
