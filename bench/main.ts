/**
 * Benchmarks: `npm run bench -- [part ...] [--quick] [--seed N]`. Each part prints its tables and writes `bench/results/<part>.json`;
 * quick runs write to `.cache/bench` instead. Servers and workers are the benchmark's own, on the loopback interface.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './lib/build.js';
import type { BenchContext, PartResult } from './lib/part.js';
import { machine, targetTable, textOf, versions, writeResult } from './lib/report.js';

interface Part {
  readonly about: string;
  readonly load: () => Promise<{
    run(context: BenchContext): Promise<PartResult & { readonly server?: string; readonly variant?: string }>;
  }>;
}

const parts: Readonly<Record<string, Part>> = {
  polling: {
    about: 'schedules simulated, against the exact optimum and peers',
    load: () => import('./lib/polling-part.js'),
  },
  stack: {
    about: 'real server, worker and emulator beside a fixed interval of 5 s',
    load: () => import('./stack/run.js'),
  },
  budget: { about: '4 workers, 20 queries/s, 4 jobs/s', load: () => import('./budget/run.js') },
  overhead: {
    about: 'waits/s beside trivial workflows; events and calls per wait',
    load: () => import('./overhead/run.js'),
  },
  memory: { about: 'resident memory with 1,000 and 10,000 open waits', load: () => import('./memory/run.js') },
  latency: { about: "from the vendor's answer to the parent's event", load: () => import('./latency/run.js') },
  archive: { about: 'images/s into an S3 server beside plain PUTs; memory', load: () => import('./archive/run.js') },
  cancel: {
    about: 'from a cancellation to its end, in each phase of a poll',
    load: () => import('./latency/cancel.js'),
  },
};

const sizes = {
  jobs: 'polling, stack: jobs; latency, cancel: samples; overhead: waits in a round',
  scale: 'stack: times that all durations are multiplied by',
  horizon: 'stack: longest duration in seconds, before the scale; 1800 is the whole distribution',
  seconds: 'budget: length of the measured time',
  warm: 'budget: seconds before it',
  partitions: 'budget: partitions of the vendor queue; results with more than 1 go to a file of their own',
  rounds: 'overhead: rounds',
  repeats: 'polling: repeats of learning',
  images: 'archive: images',
  waits: 'memory: the larger number of open waits',
} as const;

const usage = (): string =>
  [
    'Usage: npm run bench -- [part ...] [--quick] [--seed N] [size options]',
    '',
    'Parts (default: all, in this order):',
    ...Object.entries(parts).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`),
    '',
    'Options:',
    '  --quick      small numbers, to see that all works; results go to .cache/bench and prove nothing',
    '  --seed N     default 1',
    '  --no-build   measure dist as it is; else it is built where a source is newer',
    ...Object.entries(sizes).map(([name, about]) => `  ${`--${name} N`.padEnd(12)} ${about}`),
    '  --help',
    '',
  ].join('\n');

interface AdmissionRequest {
  readonly quick: boolean;
  readonly build: boolean;
  readonly help: boolean;
  readonly seed: number;
  readonly names: readonly string[];
  readonly given: Readonly<Record<string, number>>;
}

function parse(): AdmissionRequest {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      ...Object.fromEntries(Object.keys(sizes).map((name) => [name, { type: 'string' as const }])),
    },
  });
  const given: Record<string, number> = {};
  for (const name of Object.keys(sizes)) {
    const text = (values as Record<string, unknown>)[name];
    if (text === undefined) continue;
    const value = Number(text);
    if (!(value > 0)) throw new TypeError(`--${name} is "${text}"; give a number above 0`);
    given[name] = value;
  }
  const unknown = positionals.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0)
    throw new TypeError(`no part is called ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  const names = positionals.length === 0 ? Object.keys(parts) : positionals;
  const seed = Number(values.seed);
  if (!Number.isInteger(seed)) throw new TypeError(`--seed is "${values.seed}"; give a whole number`);
  const { quick, help } = values;
  return { quick: quick === true, help: help === true, build: values['no-build'] !== true, seed, names, given };
}

const say = (text = ''): void => void process.stdout.write(`${text}\n`);

async function runPart(name: string, context: BenchContext): Promise<void> {
  const { load } = parts[name] as Part;
  const loadBefore = Number((loadavg()[0] ?? 0).toFixed(2));
  const startedMs = Date.now();
  const { server, variant, ...result } = await (await load()).run(context);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const path = writeResult({
    part: variant === undefined ? name : `${name}-${variant}`,
    quick: context.quick,
    seed: context.seed,
    date: new Date(startedMs).toISOString(),
    seconds,
    loadBefore,
    machine: machine(),
    versions: versions(server),
    ...result,
  });
  for (const table of result.tables) say(`\n${textOf(table)}`);
  if (result.targets.length > 0) say(`\n${textOf(targetTable(result.targets))}`);
  for (const note of result.notes) say(`- ${note}`);
  say(`\n${path} written after ${seconds} s; load before ${loadBefore}`);
}

async function main(): Promise<number> {
  const { quick, build, seed, help, names, given } = parse();
  if (help) {
    say(usage());
    return 0;
  }
  // An ordinary exit ends the processes that were started here.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const startedMs = Date.now();
  // The simulation runs the sources; all others run workers as they ship.
  if (build && names.some((name) => name !== 'polling')) await ensureBuilt((line) => say(line));
  let failed = 0;
  for (const name of names) {
    const log = (line: string): void => {
      const seconds = Math.round((Date.now() - startedMs) / 1000);
      process.stderr.write(`[${String(seconds).padStart(4)} s] ${name}: ${line}\n`);
    };
    say(`\n== ${name}${quick ? ' (quick)' : ''} ==`);
    try {
      await runPart(name, { quick, seed, sizes: given, log });
    } catch (error) {
      failed += 1;
      log(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
// A part that failed may have left timers.
setTimeout(() => process.exit(), 2_000).unref();
