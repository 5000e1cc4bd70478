/**
 * Fuzzes what reads the vendor's replies: `npm run test:fuzz -- --runs 1000000 --seed 1`. Every input is decided by seed and index, so
 * `--seed N --only INDEX` runs a failure again. Ends with 1 at the first thing that does not hold, at an input that takes a second of
 * processor time, or where memory grows.
 */

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assertUnpolluted, Fuzz } from '../test/hostile/fuzz.js';
import { keepRun } from './long-run.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log('npm run test:fuzz -- [--runs 100000] [--seed N] [--only INDEX] [--keep]');
  process.exit(0);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(values.runs);
const slowestAllowedMs = 1_000;
const growthAllowedBytes = 64 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heapBytes = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};
const cpuMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

const fuzz = new Fuzz(seed);
const words = new Map<string, number>();
let slowest = { index: -1, ms: 0 };
let atFirst = heapBytes();
const startedAt = performance.now();

async function one(index: number): Promise<void> {
  const since = process.cpuUsage();
  try {
    const word = await fuzz.run(index);
    words.set(word, (words.get(word) ?? 0) + 1);
  } catch (error) {
    const { description, bytes } = fuzz.inputAt(index);
    console.error(
      `run ${index} of seed ${seed}: ${description}\n`,
      error,
      `\n${Buffer.from(bytes).toString().slice(0, 4_000)}`,
    );
    process.exit(1);
  }
  const ms = cpuMs(since);
  if (ms > slowest.ms) slowest = { index, ms };
}

if (values.only !== undefined) {
  await one(Number(values.only));
  console.log([...words.keys()].join());
  process.exit(0);
}

console.log(`${runs} inputs from ${fuzz.recorded} recorded answers, seed ${seed}`);
for (let index = 0; index < runs; index += 1) {
  await one(index);
  // Caches have filled by then.
  if (index === Math.min(10_000, Math.floor(runs / 2))) atFirst = heapBytes();
  if ((index + 1) % 100_000 === 0)
    console.log(`${index + 1} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}
assertUnpolluted();
const growth = heapBytes() - atFirst;
for (const [word, count] of [...words].sort()) console.log(`${String(count).padStart(9)}  ${word}`);
console.log(
  `slowest: run ${slowest.index}, ${slowest.ms.toFixed(0)} ms of processor time; heap grew ${(growth / 1024).toFixed(0)} KiB`,
);
if (slowest.ms > slowestAllowedMs || growth > growthAllowedBytes) {
  console.error('too slow, or memory is not given back');
  process.exit(1);
}
if (values.keep) {
  keepRun({
    name: 'fuzz',
    script: 'test:fuzz',
    seed,
    found: [
      `${runs} mutated answers, none of them thrown at, stuck on or let grow`,
      `slowest ${slowest.ms.toFixed(0)} ms of processor time; heap grew ${(growth / 1024).toFixed(0)} KiB`,
    ],
  });
}
