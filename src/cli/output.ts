/** Where a command writes: data on standard output, all else on standard error. */
import picocolors from 'picocolors';

/** A stream as this package needs it. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What a command is given. */
export interface Output {
  readonly isJson: boolean;
  /** Standard error is a terminal that may be redrawn. */
  readonly isInteractive: boolean;
  /** Standard output is a terminal that may be redrawn, and takes no JSON. */
  readonly isLive: boolean;
  /** For text on standard output. */
  readonly paint: ReturnType<typeof picocolors.createColors>;
  /** For text on standard error. */
  readonly paintNote: ReturnType<typeof picocolors.createColors>;
  readonly sink: Sink;
  readonly errorSink: Sink;
  /** One line of data for people; with `--json` it goes to standard error. */
  line(text: string): void;
  /** One JSON document on a line; nothing without `--json`. */
  json(value: unknown): void;
  /** One line beside the data. */
  note(text: string): void;
}

/** Control characters of a vendor's text must not reach a terminal. */
export const plain = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced here
  text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ');

/** Makes the output of one command. Colour is for terminals; `NO_COLOR` takes it away, and `FORCE_COLOR` gives it elsewhere. */
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
  const note = (text: string): void => void error.write(`${text}\n`);
  return {
    isJson,
    isInteractive: isRedrawn(error),
    isLive: isRedrawn(out) && !isJson,
    paint: picocolors.createColors(hasColor(isJson ? error : out)),
    paintNote: picocolors.createColors(hasColor(error)),
    sink: out,
    errorSink: error,
    line: (text) => (isJson ? note(text) : void out.write(`${text}\n`)),
    json: (value) => {
      if (isJson) out.write(`${JSON.stringify(value)}\n`);
    },
    note,
  };
}
