/** Parsers of option values, by kind. Each refusal says what to give instead. */
import { InvalidArgumentError } from 'commander';
import { limits } from '../contract.js';

const number =
  (remedy: string, isValid: (value: number) => boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !isValid(value)) throw new InvalidArgumentError(remedy);
    return value;
  };

const integer = (remedy: string, min: number, max = Number.MAX_SAFE_INTEGER) =>
  number(remedy, (value) => Number.isInteger(value) && value >= min && value <= max);

const between = (min: number, max: number) => number(`Give ${min} to ${max}.`, (value) => value >= min && value <= max);

const string =
  (remedy: string, isValid: (text: string) => boolean) =>
  (text: string): string => {
    if (!isValid(text)) throw new InvalidArgumentError(remedy);
    return text;
  };

const text = string('Give a text that is not empty.', (given) => given !== '');

/** The parser of each kind of value. Throws commander's `InvalidArgumentError` for a text that is no such value. */
export const parsers = {
  text,
  /** The option may be repeated; its values form a list. */
  texts: (given: string, previous: readonly string[] = []): readonly string[] => [...previous, text(given)],
  port: integer('Give 1 to 65535.', 1, 65_535),
  portOrFree: integer('Give 0 to 65535.', 0, 65_535),
  wholeNumber: integer('Give a whole number from 1.', 1),
  positiveNumber: number('Give a number above 0.', (value) => value > 0),
  rate: number('Give 0 to 10000.', (value) => value >= 0 && value <= 10_000),
  share: between(0, 1),
  seconds: between(limits.timeoutSecondsMin, limits.timeoutSecondsMax),
  interval: between(0.5, 3_600),
  time: string('Give an RFC 3339 time such as 2026-01-31T12:00:00Z.', (given) => !Number.isNaN(Date.parse(given))),
  account: string('Give 1 to 40 of a-z, 0-9 and -.', (given) => /^[a-z0-9-]{1,40}$/.test(given)),
} as const;

type Parsers = typeof parsers;

/** How an option gets its value: `flag` takes none, a list of texts allows one of them, the others name a parser. */
export type OptionKind = 'flag' | keyof Parsers | readonly string[];

/** The type of an option's value. */
export type OptionValue<Kind extends OptionKind> = Kind extends keyof Parsers
  ? Parsers[Kind] extends (...args: never) => infer Value
    ? Value
    : never
  : Kind extends readonly string[]
    ? Kind[number]
    : boolean;
