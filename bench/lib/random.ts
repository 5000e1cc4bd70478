/** Seeded chance for benchmarks: the same seed gives the same numbers on every machine. */

/** Draws from [0, 1). */
export type Draw = () => number;

/**
 * A generator by its seed.
 * @see xoshiro128**, Blackman and Vigna; seeded by SplitMix32
 */
export function seeded(seed: number): Draw {
  let mix = seed >>> 0;
  const split = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [split(), split(), split(), split()];
  const turn = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;
  return () => {
    const result = Math.imul(turn(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
    const t = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ t) >>> 0;
    d = turn(d, 11);
    return result / 4294967296;
  };
}

/** One draw of the standard normal distribution, by Box and Muller. */
export const normalDraw = (draw: Draw): number => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

/** One draw of the exponential distribution of mean 1. */
export const exponentialDraw = (draw: Draw): number => -Math.log(1 - draw());
