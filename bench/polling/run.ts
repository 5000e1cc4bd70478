/**
 * When to poll, simulated: `npx tsx bench/polling/run.ts [--jobs 200000] [--repeats 40] [--seed 1]`. Prints tables, writes
 * `bench/results/polling.json`. Seeded: the same numbers each time.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { priorFrom } from '../../src/schedule/distribution.js';
import {
  type Distribution,
  distributionA,
  distributionB,
  distributionC,
  distributionD,
  driftAt,
} from '../lib/distributions.js';
import { limitOf, optimumAt, ours, peer, peers, rails, type World, worlds } from './known.js';
import { afterLife, type Life } from './learning.js';
import { phased } from './phases.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '200000' },
    repeats: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'bench/results/polling.json' },
  },
});
const jobs = Number(values.jobs);
const repeats = Number(values.repeats);
const seed = Number(values.seed);

const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const cell = (value: number | undefined, digits = 2, width = 8): string =>
  (value === undefined ? '-' : value.toFixed(digits)).padStart(width);
const digits = (value: number): number => Number(value.toPrecision(5));

/** Poll costs such that a distribution's schedule takes from about 20 polls down to about 3. */
const pollCosts = [0.08, 0.2, 0.35, 0.5, 1, 2, 4];

function knownRows(world: World) {
  const limit = limitOf(world);
  return pollCosts.map((pollCost) => {
    const here = ours(world, pollCost);
    const best = optimumAt(world, 'polls', here.polls);
    return {
      world: world.name,
      pollCost,
      polls: digits(here.polls),
      delaySeconds: digits(here.delaySeconds),
      p95Seconds: digits(here.p95Seconds),
      p99Seconds: digits(here.p99Seconds),
      optimumDelaySeconds: digits(best.delaySeconds),
      optimumP95Seconds: digits(best.p95Seconds),
      delayOverOptimum: digits(here.delaySeconds / best.delaySeconds),
      ...(limit && {
        limit: digits(limit),
        productOverLimit: digits((here.polls * here.delaySeconds) / limit),
        optimumProductOverLimit: digits((best.polls * best.delaySeconds) / limit),
      }),
    };
  });
}

function peerRows(world: World) {
  return peers.map((one, index) => {
    const there = peer(world, one, seed + index);
    const samePolls = optimumAt(world, 'polls', there.polls);
    const sameDelay = optimumAt(world, 'delaySeconds', there.delaySeconds);
    return {
      world: world.name,
      peer: one.name,
      source: one.source,
      polls: digits(there.polls),
      delaySeconds: digits(there.delaySeconds),
      p95Seconds: digits(there.p95Seconds),
      // A floor of 1 s bounds how many polls the optimum can use; beyond that the comparison says nothing.
      ...(samePolls.polls > 0.98 * there.polls && {
        delayOverOptimum: digits(there.delaySeconds / samePolls.delaySeconds),
      }),
      ...(sameDelay.delaySeconds < 1.02 * there.delaySeconds && {
        pollsSavedShare: digits(1 - sameDelay.polls / there.polls),
      }),
    };
  });
}

const of = (distribution: Distribution, count: number): Distribution[] =>
  new Array<Distribution>(count).fill(distribution);
const far = priorFrom({ medianSeconds: 150, p95Seconds: 250 });

function learnedRows() {
  const [a, b, c, d, slow, fast] = [
    distributionA(),
    distributionB(),
    distributionC(),
    distributionD(),
    distributionA(2),
    distributionA(0.5),
  ];
  const fresh = { at: [10, 30, 100] };
  const later = { at: [200] };
  const lives: Life[] = [
    ...[a, b, c, d, slow, fast].map((distribution) => ({
      name: distribution.name,
      jobs: of(distribution, 100),
      ...fresh,
    })),
    ...[a, c].map((distribution) => ({
      name: `${distribution.name}, prior 150 s`,
      jobs: of(distribution, 100),
      prior: far,
      ...fresh,
    })),
    { name: 'A 150 jobs, then x 2', jobs: [...of(a, 150), ...of(slow, 50)], ...later },
    { name: 'A 150 jobs, then x 0.5', jobs: [...of(a, 150), ...of(fast, 50)], ...later },
    { name: 'A x 2 150 jobs, then A', jobs: [...of(slow, 150), ...of(a, 50)], ...later },
    { name: 'D 150 jobs, then x 2', jobs: [...of(d, 150), ...of(distributionD(2), 50)], ...later },
    { name: 'D 150 jobs, then x 0.5', jobs: [...of(d, 150), ...of(distributionD(0.5), 50)], ...later },
    { name: 'C 150 jobs, then A', jobs: [...of(c, 150), ...of(a, 50)], ...later },
    {
      name: 'E drifting',
      jobs: Array.from({ length: 400 }, (_, job) => distributionA(Number(driftAt(job).toFixed(2)))),
      at: [100, 200, 300, 400],
    },
  ];
  return lives.flatMap((life) =>
    afterLife(life, 0.5, repeats, seed).map(({ jobs: after, mean, worst, unlearned }) => {
      say(`${life.name.padEnd(26)} ${cell(after, 0, 5)} jobs ${cell(mean, 4)} ${cell(worst, 3)} ${cell(unlearned, 3)}`);
      return {
        life: life.name,
        jobs: after,
        costOverOptimum: digits(mean),
        worst: digits(worst),
        notLearning: digits(unlearned),
      };
    }),
  );
}

const started = Date.now();
say(
  `Schedules on ${jobs} jobs per distribution, seed ${seed}; floor ${rails.floorSeconds} s, ceiling ${rails.ceilingSeconds} s`,
);
const all = worlds(jobs, seed);
const known = [];
const beside = [];
for (const world of all) {
  say();
  say(`${world.name}${limitOf(world) ? `: limit of polls x delay ${limitOf(world)?.toFixed(2)}` : ''}`);
  say('   poll cost   polls   delay     p95     p99 | optimum: delay     p95  ratio | polls x delay / limit, optimum');
  for (const row of knownRows(world)) {
    known.push(row);
    say(
      `${cell(row.pollCost)}${cell(row.polls)}${cell(row.delaySeconds)}${cell(row.p95Seconds)}${cell(row.p99Seconds)} |       ${cell(row.optimumDelaySeconds)}${cell(row.optimumP95Seconds)}${cell(row.delayOverOptimum, 3, 7)} |${cell(row.productOverLimit, 3)}${cell(row.optimumProductOverLimit, 3)}`,
    );
  }
  for (const row of peerRows(world)) {
    beside.push(row);
    say(
      `${row.peer.padEnd(16)} polls ${cell(row.polls)}  delay ${cell(row.delaySeconds)}  p95 ${cell(row.p95Seconds)} | delay over the optimum ${cell(row.delayOverOptimum)}, polls saved ${cell(row.pollsSavedShare && 100 * row.pollsSavedShare, 0, 4)} %`,
    );
  }
}
say();
say(`Learned: cost over the known optimum at 0.5 s per poll, ${repeats} repeats: mean, worst; not learning`);
const learned = learnedRows();
say();
say(
  'Phases distinguished: queue of median 10 s, work of median 28 s; delay of the blind optimum at the same polls over ours',
);
const phases = phased(Math.min(jobs, 20_000), seed, [0.25, 0.5, 1, 2, 4]);
for (const row of phases)
  say(`${cell(row.pollCost)}${cell(row.polls)}${cell(row.delaySeconds)}  gain ${cell(row.gain)}`);

const lock = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const result = {
  bench: 'polling',
  command: `npx tsx bench/polling/run.ts --jobs ${jobs} --repeats ${repeats} --seed ${seed}`,
  seed,
  jobs,
  repeats,
  rails,
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
  },
  versions: { node: process.version, package: lock.version },
  seconds: Math.round((Date.now() - started) / 1000),
  known,
  peers: beside,
  learned,
  phases,
};
const out = new URL(`../../${values.out}`, import.meta.url);
mkdirSync(new URL('.', out), { recursive: true });
writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
say();
say(`${values.out} written in ${result.seconds} s`);
