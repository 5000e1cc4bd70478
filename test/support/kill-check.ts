/** What must hold after kills: every wait and listing has its end, every image came once, and no query was made that a kill does not explain. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { maxWithin } from '../../bench/lib/stats.js';
import type { TryOnEvent, TryOnListingResult, TryOnOutcome } from '../../src/contract.js';
import type { Stack } from './stack.js';

/** Sub-tasks of each task; every one has four images. */
export const SUB_TASKS = 3;

const IMAGES = SUB_TASKS * 4;
/** Queries of a wait that nothing disturbs: its script ends with the fourth. */
const POLLS = 4;
/** A wait of the run. */
export interface Wait {
  readonly taskId: string;
  readonly handle: WorkflowHandle;
  readonly recorder: WorkflowHandle;
  readonly startedAfterKills: number;
  endedAfterKills?: number;
  outcome?: TryOnOutcome;
}

/** A listing of the run. */
export interface Listing {
  readonly taskIds: readonly string[];
  result?: TryOnListingResult;
}

/** What a run came to. */
export interface KillRunResult {
  readonly seed: number;
  readonly workerKills: number;
  readonly serverKills: number;
  readonly waits: number;
  readonly listings: number;
  readonly images: number;
  readonly queries: number;
  /** Queries beyond those of undisturbed waits: their answer died with the worker. */
  readonly extraQueries: number;
  /** Signals that came more than once; the receiver's rule drops them. */
  readonly repeatedSignals: number;
  /** Most queries in any 5 s. */
  readonly mostIn5Seconds: number;
  /** What must not be, one line each. */
  readonly violations: readonly string[];
}

/** The server may be down just now: asked again until it answers. */
export async function persist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as Error).name === 'WorkflowFailedError') throw error;
      if ((error as Error).name === 'WorkflowExecutionAlreadyStartedError') throw error;
      await sleep(200);
    }
  }
}

/** Counts what came, and holds it against what must be. */
export async function checkKillRun(
  stack: Stack,
  { waits, listings }: { readonly waits: readonly Wait[]; readonly listings: readonly Listing[] },
  {
    queriesPerSecond,
    ...run
  }: Pick<KillRunResult, 'seed' | 'workerKills' | 'serverKills'> & {
    readonly queriesPerSecond: number;
  },
): Promise<KillRunResult> {
  const violations: string[] = [];
  let extraQueries = 0;
  let repeatedSignals = 0;
  for (const { taskId, recorder, outcome, startedAfterKills, endedAfterKills = 0 } of waits) {
    const wrong = (what: string) => violations.push(`${taskId}: ${what}`);
    await persist(() => recorder.signal('stop'));
    const events = (await persist(() => recorder.result())) as TryOnEvent[];
    const once = new Map(events.map((event) => [`${event.waitId} ${event.sequence}`, event]));
    repeatedSignals += events.length - once.size;
    const told = [...once.values()];
    const outcomes = told.filter((event) => event.kind === 'outcome');
    if (outcomes.length !== 1) wrong(`${outcomes.length} outcomes`);
    if (new Set(told.map((event) => event.waitId)).size !== 1) wrong('more than one waitId');
    if (told.some((event, index) => event.sequence !== index + 1))
      wrong(`sequence ${told.map((event) => event.sequence)}`);
    const byEvents = told.flatMap((event) => (event.kind === 'images' ? event.images.map((image) => image.id) : []));
    if (new Set(byEvents).size !== byEvents.length) wrong('an image was told twice by images events');
    const images = new Set([...byEvents, ...(outcome?.images ?? []).map((image) => image.id)]);
    if (images.size !== IMAGES || outcome?.images.length !== IMAGES)
      wrong(`${images.size} images, ${outcome?.images.length} in the outcome`);
    if (outcome?.status !== 'finished') wrong(`status ${outcome?.status}`);
    const queries = stack.emulator.queries.filter((query) => query.taskId === taskId).length;
    const extra = Math.max(0, queries - POLLS);
    extraQueries += extra;
    const killsMet = endedAfterKills - startedAfterKills + 1;
    if (extra > killsMet) wrong(`${queries} queries, ${killsMet} kills`);
    // An attempt that died leaves open whether its query was sent: it may count one that was not, or miss one that was.
    const polls = outcome?.polls ?? 0;
    if (Math.abs(queries - polls) > killsMet) wrong(`${queries} queries, ${polls} polls, ${killsMet} kills`);
  }
  for (const { taskIds, result } of listings) {
    const images = result?.images.filter(({ taskId }) => taskIds.includes(taskId)).map(({ id }) => id) ?? [];
    if (result?.status !== 'complete') violations.push(`listing of ${taskIds[0]}: status ${result?.status}`);
    if (new Set(images).size !== IMAGES * taskIds.length || images.length !== result?.images.length) {
      violations.push(
        `listing of ${taskIds[0]}: ${new Set(images).size} images, ${result?.images.length} in the result`,
      );
    }
  }
  const mostIn5Seconds = maxWithin(
    stack.emulator.queries.map(({ atMs }) => atMs),
    5_000,
  );
  if (mostIn5Seconds > 5.5 * queriesPerSecond) violations.push(`${mostIn5Seconds} queries in 5 s`);
  return {
    ...run,
    waits: waits.length,
    listings: listings.length,
    images: (waits.length + listings.flatMap(({ taskIds }) => taskIds).length) * IMAGES,
    mostIn5Seconds,
    queries: stack.emulator.queries.length,
    extraQueries,
    repeatedSignals,
    violations,
  };
}
