/** Sums over measurements. */

/** Mean of some numbers; not a number where there are none. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The value below which a share of them lies, by nearest rank; not a number where there are none. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle of them. */
export const medianOf = (values: readonly number[]): number => quantileOf(values, 0.5);

/** Most moments that fall into any window of a length; both in the same unit, the window's end left out. */
export function maxWithin(moments: readonly number[], length: number): number {
  const sorted = [...moments].sort((one, other) => one - other);
  let max = 0;
  let first = 0;
  for (const [index, moment] of sorted.entries()) {
    while (moment - (sorted[first] as number) >= length) first++;
    max = Math.max(max, index - first + 1);
  }
  return max;
}
