/** What every part of the benchmark is given, and what it gives back. */

/** How a part is to run. */
export interface BenchContext {
  /** Smaller numbers, to see that all works; its figures prove nothing. */
  readonly quick: boolean;
  readonly seed: number;
  /** Numbers of the command line by which a part is made larger or smaller. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Progress, one line each. */
  log(line: string): void;
}

/** A figure that the project promised, and what was found. */
export interface Target {
  readonly figure: string;
  /** Such as `<= 1.07`. */
  readonly bound: string;
  readonly found: number;
  readonly unit?: string;
  readonly met: boolean;
}

/** Rows of text and numbers under a heading. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The result of a part, as plain JSON. */
export interface PartResult {
  readonly targets: readonly Target[];
  readonly tables: readonly Table[];
  /** One line each: how it was measured, as far as a reader must know to judge it. */
  readonly notes: readonly string[];
  /** Everything that would be needed to compute the tables again. */
  readonly data: unknown;
}

/** Four digits are more than any of these measurements deserves. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

const target = (figure: string, bound: string, found: number, met: boolean, unit?: string): Target => ({
  figure,
  bound,
  found: rounded(found),
  met,
  ...(unit === undefined ? {} : { unit }),
});

/** A figure that must not be larger. */
export const atMost = (figure: string, max: number, found: number, unit?: string): Target =>
  target(figure, `<= ${max}`, found, found <= max, unit);

/** A figure that must not be smaller. */
export const atLeast = (figure: string, min: number, found: number, unit?: string): Target =>
  target(figure, `>= ${min}`, found, found >= min, unit);

/** The size of a part: what the command line asks, else by whether the run is quick. */
export const sizeOf = (context: BenchContext, name: string, full: number, quick: number): number =>
  context.sizes[name] ?? (context.quick ? quick : full);
