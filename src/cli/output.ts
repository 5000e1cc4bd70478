/**
 * Where a command writes: data to standard output, everything else to standard error. All text is cleaned here, in one place: no
 * control character from a vendor, a worker or a starter reaches a terminal.
 */
import { randomUUID } from 'node:crypto';
import { escapeJson, unsafeCharacters } from '../error-text.js';

/** A stream, reduced to what a command needs. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** SGR codes that begin and end a style. */
const styles = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** Marks a style inside a text until the text is written. It is random, so text from outside cannot contain it. */
const MARK = randomUUID();

/** Styles a text, for {@link render} or an {@link Output} to show. Styles do not nest. */
export const paint = Object.fromEntries(
  Object.entries(styles).map(([name, codes]) => {
    const [begin, end] = codes.map((code) => `${MARK}${code};`);
    return [name, (text: string) => `${begin}${text}${end}`];
  }),
) as Readonly<Record<keyof typeof styles, (text: string) => string>>;

const marksAndUnsafe = new RegExp(`${MARK}(\\d+);|${unsafeCharacters}`, 'gu');

/** A painted text as a stream shows it: styles become SGR sequences, or nothing without colour; unsafe characters become spaces. */
export const render = (text: string, hasColor: boolean): string =>
  text.replace(marksAndUnsafe, (_match, code?: string) => {
    if (code === undefined) return ' ';
    return hasColor ? `\u001b[${code}m` : '';
  });

/** A text without styles, its unsafe characters as spaces. */
export const plain = (text: string): string => render(text, false);

/** What a command writes to. */
export interface Output {
  readonly isJson: boolean;
  /** Standard error is a terminal that can be redrawn. */
  readonly isInteractive: boolean;
  /** Standard output is a terminal that can be redrawn, and gets no JSON. */
  readonly isLive: boolean;
  readonly sink: Sink;
  /** {@link render} for standard output. */
  render(text: string): string;
  /** {@link render} for standard error. */
  renderNote(text: string): string;
  /** Writes one line of data for people. With `--json` it goes to standard error. */
  line(text: string): void;
  /** Writes one JSON document on one line; nothing without `--json`. */
  json(value: unknown): void;
  /** Writes data: with `--json` the value, without it the lines. */
  data(value: unknown, lines: readonly string[]): void;
  /** Writes one line to standard error. */
  note(text: string): void;
}

/** Makes the output of one command. Terminals get colour; `NO_COLOR` turns it off and `FORCE_COLOR` turns it on elsewhere. */
export function createOutput(options: {
  readonly isJson: boolean;
  readonly out?: Sink;
  readonly error?: Sink;
  readonly env?: NodeJS.ProcessEnv;
}): Output {
  const { isJson, out = process.stdout, error = process.stderr, env = process.env } = options;
  const isForced = ![undefined, '', '0', 'false'].includes(env.FORCE_COLOR);
  const hasColor = (sink: Sink): boolean => !env.NO_COLOR && (isForced || (sink.isTTY === true && env.TERM !== 'dumb'));
  const isRedrawn = (sink: Sink): boolean => sink.isTTY === true && env.TERM !== 'dumb' && !env.CI;
  const renderOut = (text: string): string => render(text, hasColor(out));
  const renderNote = (text: string): string => render(text, hasColor(error));
  const note = (text: string): void => void error.write(`${renderNote(text)}\n`);
  const line = (text: string): void => (isJson ? note(text) : void out.write(`${renderOut(text)}\n`));
  const json = (value: unknown): void => void (isJson && out.write(`${escapeJson(JSON.stringify(value))}\n`));
  return {
    isJson,
    isInteractive: isRedrawn(error),
    isLive: isRedrawn(out) && !isJson,
    sink: out,
    render: renderOut,
    renderNote,
    line,
    json,
    data: (value, lines) => (isJson ? json(value) : lines.forEach(line)),
    note,
  };
}

/** Columns of a terminal that does not say how many it has; some say 0. */
export const DEFAULT_COLUMNS = 80;

/** Terminal columns for a table on a stream; `Infinity` where it is not a terminal. */
export const widthOf = ({ isTTY, columns }: Sink): number =>
  isTTY ? columns || DEFAULT_COLUMNS : Number.POSITIVE_INFINITY;
