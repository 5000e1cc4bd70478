/** Functions that the distributions of the benchmarks need. Written apart from `src`, so that a mistake there shows here. */

/** Natural logarithm of the gamma function. @see Lanczos' approximation with g = 7, nine terms */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  let sum = terms[0] as number;
  for (let k = 1; k < terms.length; k++) sum += (terms[k] as number) / (x - 1 + k);
  const t = x - 1 + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Share of the gamma distribution of `shape` and scale 1 above `x`. @see DLMF 8.11.4 and 8.9.2 */
export function gammaAbove(shape: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(shape * Math.log(x) - x - logGamma(shape));
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let k = 1; term > sum * 1e-16; k++) {
      term *= x / (shape + k);
      sum += term;
    }
    return 1 - front * sum;
  }
  // Continued fraction from its far end; 200 levels are exact to double precision for x > shape + 1 as used here.
  let tail = 0;
  for (let k = 200; k >= 1; k--) tail = (k * (k - shape)) / (x + 2 * k + 1 - shape - tail);
  return front / (x + 1 - shape - tail);
}

/** Share of the standard normal distribution above `z`, by the gamma distribution of shape 1/2. */
export const normalTail = (z: number): number => {
  const half = gammaAbove(0.5, (z * z) / 2) / 2;
  return z >= 0 ? half : 1 - half;
};

/** The root of a rising function between two ends. */
export function root(rising: (x: number) => number, low: number, high: number): number {
  let [from, to] = [low, high];
  for (let k = 0; k < 100; k++) {
    const middle = (from + to) / 2;
    if (rising(middle) > 0) to = middle;
    else from = middle;
  }
  return (from + to) / 2;
}
