/** Seeded random values: the same seed and name give the same values, whatever else was drawn. Pure. */
import { createHash } from 'node:crypto';

/** A number in [0, 1) on each call. */
export type Random = () => number;

/** 64 hex digits for `parts` under `seed`. */
export function hexOf(seed: number, ...parts: readonly (string | number)[]): string {
  return createHash('sha256')
    .update(`${seed}/${parts.join('/')}`)
    .digest('hex');
}

/** The generator mulberry32. */
export function mulberry32(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A generator for `parts` under `seed`. */
export function seededRandom(seed: number, ...parts: readonly (string | number)[]): Random {
  return mulberry32(Number.parseInt(hexOf(seed, ...parts).slice(0, 8), 16));
}

/** A UUID in the form of version 4, the form of the vendor's task ids. */
export function uuidOf(seed: number, ...parts: readonly (string | number)[]): string {
  const hex = hexOf(seed, ...parts);
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
