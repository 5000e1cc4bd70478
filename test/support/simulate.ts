/**
 * One wait in simulated time: the pure core between a vendor that is a function and a Temporal server that is a loop. What goes over
 * the wire in production goes through JSON here.
 */
import type { TryOnEvent, TryOnResultsInput } from '../../src/contract.js';
import { deferUntilDue } from '../../src/poll/admit.js';
import { type Classification, classify } from '../../src/poll/classify.js';
import { decide } from '../../src/poll/decide.js';
import type { PollInput, PollReport, PollState } from '../../src/poll/poll-state.js';
import type { Reply } from '../../src/poll/reply.js';
import { restoreState } from '../../src/poll/restore.js';
import type { Decision } from '../../src/poll/step.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { defaultPolicy, type SchedulePolicy } from '../../src/schedule/schedule.js';
import { pollInput } from '../../src/wait/poll-input.js';
import { applyReport, beginWait, setDeadline } from '../../src/wait/wait.js';
import type { WaitState } from '../../src/wait/wait-state.js';

/** When the simulated workflow starts. */
export const startMs = Date.parse('2026-01-31T12:00:00Z');

/** One query as the vendor saw it, and what followed. */
export interface Query {
  readonly atMs: number;
  readonly reply: Reply;
  readonly classification: Classification;
  readonly decision: Decision;
  /** How many requests the client made of it. */
  readonly queries: number;
  /** The state that the poll began with. */
  readonly before: PollState;
  readonly deadlineMs: number;
}

/** How a simulation runs. */
export interface Simulation {
  readonly input?: Partial<TryOnResultsInput>;
  /** What the vendor answers to the query with this index, from 0, at this time. */
  readonly vendor: (index: number, nowMs: number) => Reply;
  readonly policy?: SchedulePolicy;
  /** From an attempt's due time to its start, and from its query to the answer. */
  readonly lagMs?: (index: number) => number;
  readonly latencyMs?: (index: number) => number;
  /** Requests that the client makes for a query, 1 or 2. */
  readonly requests?: (index: number) => number;
  /** A change of the deadline by `setTimeout` that meets a poll under way, by the index of that query. */
  readonly setTimeoutAt?: Readonly<Record<number, number>>;
}

/** What a simulation came to. */
export interface Simulated {
  readonly wait: WaitState;
  readonly states: readonly WaitState[];
  readonly events: readonly TryOnEvent[];
  readonly queries: readonly Query[];
  readonly reports: readonly PollReport[];
  readonly heartbeats: number;
  readonly silentAttempts: number;
}

const overTheWire = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const maxQueries = 5_000;

/** Runs one wait to its end. */
export function simulate(simulation: Simulation): Simulated {
  const { vendor, policy = defaultPolicy, lagMs = () => 0, latencyMs = () => 0, requests = () => 1 } = simulation;
  let wait = beginWait({ taskId: 't-1', ...simulation.input }, { waitId: 'run-1', nowMs: startMs });
  const states: WaitState[] = [wait];
  const events: TryOnEvent[] = [];
  const queries: Query[] = [];
  const reports: PollReport[] = [];
  let heartbeats = 0;
  let silentAttempts = 0;
  let nowMs = startMs;

  /** One activity: attempts until one reports. */
  function activity(input: PollInput): PollReport {
    const scheduledAtMs = nowMs;
    let dueAtMs = nowMs;
    let heartbeat: PollState | undefined;
    for (let attempt = 1; ; attempt++) {
      if (queries.length > maxQueries) throw new Error('the wait does not end');
      nowMs = dueAtMs + lagMs(queries.length);
      const before = restoreState(input, heartbeat, policy, attempt, { scheduledAtMs, dueAtMs });
      const begun = { input, before, policy, attempt, scheduledAtMs, nowMs };
      let step = deferUntilDue(begun);
      if (step === undefined) {
        const index = queries.length;
        const atMs = nowMs;
        const reply = vendor(index, atMs);
        nowMs += latencyMs(index);
        const moved = simulation.setTimeoutAt?.[index];
        if (moved !== undefined) wait = setDeadline(wait, moved, nowMs);
        const classification = classify(reply, tryOnApi, { taskId: wait.taskId, nowMs });
        const polled = { ...begun, nowMs, queries: requests(index) };
        step = decide(polled, reply, classification);
        const { deadlineMs } = input;
        const { decision } = step;
        queries.push({ atMs, reply, classification, decision, queries: polled.queries, before, deadlineMs });
      } else silentAttempts += 1;
      const { state, decision } = step;
      if (decision.kind === 'report') {
        const { kind: _kind, ...rest } = decision;
        return overTheWire({ ...rest, state, atMs: nowMs });
      }
      if (decision.heartbeat) {
        heartbeat = overTheWire(state);
        heartbeats += 1;
      }
      dueAtMs = nowMs + Math.max(1, decision.delayMs);
    }
  }

  while (wait.end === undefined) {
    const report = activity(overTheWire(pollInput(wait, { pollNow: false, nowMs })));
    reports.push(report);
    const transition = applyReport(wait, report);
    wait = overTheWire(transition.wait);
    states.push(wait);
    events.push(...overTheWire(transition.events));
  }
  return { wait, states, events, queries, reports, heartbeats, silentAttempts };
}
