/** Option texts to values. Each refusal names what to give. */
import { InvalidArgumentError } from 'commander';
import { limits } from '../contract.js';
import type { OptionKind } from './options.js';

type Parser = (text: string, previous?: unknown) => string | number | readonly string[];

const numberFrom =
  (remedy: string, isFine: (value: number) => boolean): Parser =>
  (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !isFine(value)) throw new InvalidArgumentError(remedy);
    return value;
  };

const textLike =
  (remedy: string, isFine: (text: string) => boolean): Parser =>
  (text) => {
    if (!isFine(text)) throw new InvalidArgumentError(remedy);
    return text;
  };

const { timeoutSecondsMin, timeoutSecondsMax } = limits;

const text = textLike('Give a text that is not empty.', (given) => given !== '');

const parsers: Readonly<Record<Exclude<OptionKind, 'flag' | readonly string[]>, Parser>> = {
  text,
  texts: (given, previous) => [...((previous as readonly string[] | undefined) ?? []), String(text(given))],
  port: numberFrom('Give 1 to 65535.', (port) => Number.isInteger(port) && port >= 1 && port <= 65_535),
  portOrFree: numberFrom('Give 0 to 65535.', (port) => Number.isInteger(port) && port >= 0 && port <= 65_535),
  wholeNumber: numberFrom('Give a whole number from 1.', (value) => Number.isSafeInteger(value) && value >= 1),
  positiveNumber: numberFrom('Give a number above 0.', (value) => value > 0),
  share: numberFrom('Give 0 to 1.', (value) => value >= 0 && value <= 1),
  seconds: numberFrom(
    `Give ${timeoutSecondsMin} to ${timeoutSecondsMax}.`,
    (value) => value >= timeoutSecondsMin && value <= timeoutSecondsMax,
  ),
  interval: numberFrom('Give 0.5 to 3600.', (value) => value >= 0.5 && value <= 3_600),
  time: textLike('Give an RFC 3339 time such as 2026-01-31T12:00:00Z.', (text) => !Number.isNaN(Date.parse(text))),
  account: textLike('Give 1 to 40 of a-z, 0-9 and -.', (text) => /^[a-z0-9-]{1,40}$/.test(text)),
};

/** The parser of a kind of option; `undefined` for flags and choices, which the parser library knows by itself. */
export const parserOf = (kind: OptionKind): Parser | undefined =>
  typeof kind === 'string' && kind !== 'flag' ? parsers[kind] : undefined;
