/** What long runs found (kills, interleavings, fuzzing), kept as `bench/results/<name>.json` and shown by `docs/reliability.md`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine, type ResultFile } from '../bench/lib/report.js';

const folder = fileURLToPath(new URL('../bench/results', import.meta.url));
const names = ['kill', 'kill-archive', 'soak', 'cluster', 'interleavings', 'interleavings-skipping', 'fuzz'] as const;

/** What every long run tells. */
interface LongRun {
  readonly name: (typeof names)[number];
  readonly seed: number;
  /** What it found, in words for figures: `0 violations`. */
  readonly found: readonly string[];
}

/** A run as it is kept. */
export interface KeptRun extends LongRun {
  /** As it was called. */
  readonly command: string;
  readonly seconds: number;
  readonly at: string;
  readonly machine: ResultFile['machine'];
}

/** Keeps the run of this process, in place of the one before. */
export function keepRun({ script, ...run }: LongRun & { readonly script: string }): void {
  const kept: KeptRun = {
    ...run,
    command: `npm run ${script} -- ${process.argv.slice(2).join(' ')}`,
    seconds: Math.round(process.uptime()),
    at: new Date().toISOString().slice(0, 10),
    machine: machine(),
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${run.name}.json`), `${JSON.stringify(kept, undefined, 2)}\n`);
}

/** Those that were kept. */
export const keptRuns = (): KeptRun[] =>
  names
    .map((name) => join(folder, `${name}.json`))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as KeptRun);
