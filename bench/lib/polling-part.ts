/** The simulation of `bench/polling/run.ts` as a part of the benchmark: run as it is, its figures held against the targets. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { atMost, type BenchContext, type PartResult, sizeOf, type Target } from './part.js';
import { quickResultsPath, rootPath } from './report.js';

/** What is used here of the simulation's result. */
export interface PollingResult {
  readonly known: readonly {
    readonly world: string;
    readonly pollCost: number;
    readonly polls: number;
    readonly delaySeconds: number;
    readonly p95Seconds: number;
    readonly optimumDelaySeconds: number;
    readonly delayOverOptimum: number;
    readonly limit?: number;
    readonly productOverLimit?: number;
  }[];
  readonly peers: readonly {
    readonly world: string;
    readonly peer: string;
    readonly source: string;
    readonly polls: number;
    readonly delaySeconds: number;
    readonly p95Seconds: number;
    readonly delayOverOptimum?: number;
    readonly pollsSavedShare?: number;
  }[];
  readonly learned: readonly {
    readonly life: string;
    readonly jobs: number;
    readonly costOverOptimum: number;
    readonly worst: number;
    readonly notLearning: number;
  }[];
}

const largest = (values: readonly number[]): number => Math.max(...values);

/** The figures for the simulation. */
export function pollingTargets({ known, learned }: PollingResult): Target[] {
  const often = known.filter(({ polls }) => polls >= 3);
  const [about8] = known
    .filter(({ world, productOverLimit }) => world.startsWith('A ') && productOverLimit !== undefined)
    .sort((one, other) => Math.abs(one.polls - 8) - Math.abs(other.polls - 8));
  // A life whose durations change says so in its name.
  const steady = learned.filter(({ life, jobs }) => jobs === 100 && !/then|drift/.test(life));
  const changed = learned.filter(({ life }) => /then .*x (2|0\.5)$/.test(life));
  return [
    atMost(
      'mean delay over the exact optimum, 3 or more requests per job, worst of all distributions and poll costs',
      1.02,
      largest(often.map(({ delayOverOptimum }) => delayOverOptimum)),
    ),
    ...(about8?.productOverLimit === undefined
      ? []
      : [
          atMost(
            'requests x mean delay over its limit, distribution A, about 8 requests',
            1.05,
            about8.productOverLimit,
          ),
        ]),
    ...(steady.length === 0
      ? []
      : [
          atMost(
            'cost over the known optimum after 100 learned jobs, mean of repeats, worst of all distributions',
            1.03,
            largest(steady.map(({ costOverOptimum }) => costOverOptimum)),
          ),
        ]),
    ...(changed.length === 0
      ? []
      : [
          atMost(
            'cost 50 jobs after durations double or halve, mean of repeats, worst of all distributions',
            1.07,
            largest(changed.map(({ costOverOptimum }) => costOverOptimum)),
          ),
        ]),
  ];
}

/** Runs the simulation; it prints its tables itself. */
export async function run(context: BenchContext): Promise<PartResult> {
  const out = `${quickResultsPath.slice(rootPath.length)}/polling-simulation.json`;
  mkdirSync(quickResultsPath, { recursive: true });
  const program = fileURLToPath(new URL('../polling/run.ts', import.meta.url));
  const args = ['--import', 'tsx', program, '--seed', String(context.seed), '--out', out];
  args.push('--jobs', String(sizeOf(context, 'jobs', 200_000, 5_000)));
  args.push('--repeats', String(sizeOf(context, 'repeats', 40, 3)));
  const child = spawn(process.execPath, args, { cwd: rootPath, stdio: ['ignore', 'inherit', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the simulation ended with ${code}`);
  const data = JSON.parse(readFileSync(`${rootPath}${out}`, 'utf8')) as PollingResult;
  return { targets: pollingTargets(data), tables: [], notes: [], data };
}
