/** Runs many interleavings at a time; what fails is played again alone and shrunk. */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { violationsOf } from './interleave-invariants.js';
import { type InterleaveStack, startInterleaveStack, type World } from './interleave-stack.js';
import type { Answered, Interleaving, Scenario } from './interleave-types.js';

/** What to run. */
export interface InterleaveOptions {
  readonly scenario: fc.Arbitrary<Scenario>;
  readonly runs: number;
  readonly seed: number;
  /** At a time; default 25. */
  readonly lanes?: number;
  /** 0: each workflow is replayed from its first event at each step. */
  readonly maxCachedWorkflows?: number;
  /** How long to shrink; default 60 s. */
  readonly shrinkMs?: number;
  readonly log?: (line: string) => void;
}

/** What came of it. */
export interface InterleaveResult {
  readonly seed: number;
  readonly runs: number;
  /** Ends and events that were met, with their number. */
  readonly met: Readonly<Record<string, number>>;
  /** The first failures, each with its index and seed, shrunk where it fails alone too. */
  readonly failures: readonly string[];
}

const shown = 3;

/** What happened, in short. */
function traceOf({ events, answers, inFlightAnswers, last }: Interleaving): string {
  const told = ({ what, who, kind, status }: Answered) =>
    `${what}${who === undefined ? '' : ` ${who}`} ${status === undefined ? kind : `${status.state} ${status.sequence}`}`;
  return [
    `events: ${events.map(({ signal, event }) => `${signal} ${event.kind} ${event.sequence} of ${event.waitId.slice(-4)}`).join(', ')}`,
    `answers: ${answers.map(told).join(', ')}`,
    `in flight: ${inFlightAnswers.map(told).join(', ')}`,
    `last: ${told(last)} ${JSON.stringify(last.status?.subscribers)}`,
  ].join('\n');
}

/** Plays `runs` interleavings of this seed. */
export async function runInterleavings(world: World, options: InterleaveOptions): Promise<InterleaveResult> {
  const { scenario, runs, seed, lanes = 25, log = () => undefined } = options;
  const scenarios = fc.sample(scenario, { numRuns: runs, seed });
  const met: Record<string, number> = {};
  const failed: { readonly index: number; readonly wrong: string }[] = [];
  const stack = await startInterleaveStack(world, options);
  const count = (what: string) => {
    met[what] = (met[what] ?? 0) + 1;
  };
  const note = (played: Interleaving) => {
    count(played.last.status?.state ?? 'none');
    if ((played.last.status?.polls ?? 0) < played.requests) count('fewer polls than requests');
    for (const { event } of played.events) count(`${event.kind} event`);
    for (const { what, kind } of [...played.answers, ...played.inFlightAnswers]) count(`${what} ${kind}`);
  };
  const wrongWith = async (given: Scenario): Promise<string | undefined> => {
    try {
      const played = await stack.play(given);
      note(played);
      const wrong = violationsOf(played);
      return wrong.length === 0 ? undefined : `${wrong.join('; ')}\n${traceOf(played)}`;
    } catch (error) {
      return `the player failed: ${inspect(error, { depth: 4 })}`;
    }
  };
  try {
    let next = 0;
    let done = 0;
    const lane = async (): Promise<void> => {
      for (let index = next++; index < runs; index = next++) {
        const given = scenarios[index];
        if (given === undefined) return;
        const wrong = await wrongWith(given);
        if (wrong !== undefined) {
          failed.push({ index, wrong: `run ${index} of seed ${seed}: ${wrong}` });
          log(failed.at(-1)?.wrong ?? '');
        }
        done += 1;
        if (done % 100 === 0) log(`${done} of ${runs}, seed ${seed}, ${failed.length} failed`);
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, runs) }, lane));
    const failures: string[] = [];
    for (const { index, wrong } of failed.sort((one, other) => one.index - other.index).slice(0, shown)) {
      failures.push(`${wrong}\n${await shrunk(stack, index, options)}`);
    }
    for (const { wrong } of failed.slice(shown)) failures.push(wrong);
    return { seed, runs, met, failures };
  } finally {
    await stack.stop();
  }
}

async function shrunk(stack: InterleaveStack, index: number, options: InterleaveOptions): Promise<string> {
  const { scenario } = options;
  const property = fc.asyncProperty(scenario, async (given) => {
    const wrong = violationsOf(await stack.play(given));
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  });
  const details = await fc.check(property, {
    seed: options.seed,
    path: String(index),
    numRuns: 1,
    interruptAfterTimeLimit: options.shrinkMs ?? 60_000,
  });
  if (!details.failed || details.counterexample === null) {
    const [given] = fc.sample(scenario, { seed: options.seed, path: String(index), numRuns: 1 });
    return `does not fail alone; the case: ${JSON.stringify(given)}`;
  }
  const why = details.errorInstance instanceof Error ? details.errorInstance.message : '';
  return `shrunk ${details.numShrinks} times to ${JSON.stringify(details.counterexample[0])}: ${why}`;
}
