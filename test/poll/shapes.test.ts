/**
 * Workers of two versions share a wait during a deploy. Each file in `shapes/` holds the shapes of a released version: their fields, and
 * samples as that version wrote them. Files of released versions stay; see docs/upgrades.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mergePending } from '../../src/client/pending-poll.js';
import { deferUntilDue } from '../../src/poll/admit.js';
import type { PendingDetails } from '../../src/poll/pending-details.js';
import { knownImages, type PollInput, type PollReport, type PollState } from '../../src/poll/poll-state.js';
import { needsHeartbeat, restoreState } from '../../src/poll/restore.js';
import { defaultPolicy } from '../../src/schedule/schedule.js';
import { applyReport, beginWait } from '../../src/wait/wait.js';
import { poll } from '../support/poll.js';
import { replies } from '../support/replies.js';
import { brokenShapes, type Shapes, shapesNow } from '../support/shapes.js';

interface Recorded {
  readonly fields: Shapes;
  readonly samples: {
    readonly input: PollInput;
    readonly state: PollState;
    readonly report: PollReport;
    readonly pending: PendingDetails;
  };
}

const folder = fileURLToPath(new URL('./shapes/', import.meta.url));
const versions = readdirSync(folder).map((name) => name.replace(/\.json$/, ''));
const load = (version: string): Recorded => JSON.parse(readFileSync(`${folder}${version}.json`, 'utf8'));

describe.each(versions)('what version %s wrote', (version) => {
  const { fields, samples } = load(version);
  const { input, state, report, pending } = samples;
  const policy = defaultPolicy;
  const times = { scheduledAtMs: input.submittedAtMs, dueAtMs: state.nextPollAtMs ?? 0 };

  test('still has every field, of the same type, and no new one is required', () => {
    expect(brokenShapes(fields, shapesNow())).toEqual([]);
  });

  test('is read as the input of a poll', () => {
    expect(restoreState(input, undefined, policy, 1, times)).toEqual({ ...input.from, asOfAttempt: 0 });
    const isKnown = knownImages(input);
    const image = { imageUrl: 'https://images.example/1.png', subTask: 0 };
    expect(isKnown({ ...image, id: 'aaaaaaaaaaaa0000' })).toBe(true);
    expect(isKnown({ ...image, id: 'cccccccccccc0000' })).toBe(false);
    const nowMs = input.submittedAtMs;
    const attempt = { input, before: input.from, policy, attempt: 1, scheduledAtMs: nowMs, nowMs };
    expect(deferUntilDue(attempt)?.state.nextPollAtMs).toBe(input.from.nextPollAtMs);
  });

  test('is read as the state of attempts before', () => {
    const { asOfAttempt, ...rest } = state;
    // An attempt later: one poll that needed no heartbeat.
    const restored = restoreState(input, state, policy, asOfAttempt + 1, times);
    expect(restored).toEqual({ ...rest, asOfAttempt });
    expect(needsHeartbeat(state, { ...state, polls: 8, asOfAttempt: 5 })).toBe(false);
    const at = { ageMs: 30_000, before: restored, input, attempt: asOfAttempt + 1 };
    const failed = poll(replies.banned, at).state;
    expect(failed).toMatchObject({
      polls: 8,
      blocked: state.blocked,
      conflict: state.conflict,
      recheck: state.recheck,
    });
    expect(failed.pollError).toMatchObject({ count: 4, sameCount: 3 });
    expect(failed.pauseUntilMs).not.toBe(state.pauseUntilMs);
    // `isReset` and the pause of before are over once a poll was made.
    expect(failed.isReset).toBeUndefined();
    const beforePause = { input, before: state, policy, attempt: 5, scheduledAtMs: 0, nowMs: input.submittedAtMs };
    expect(deferUntilDue(beforePause)?.state.nextPollAtMs).toBe(state.pauseUntilMs);
  });

  test('is read as the report of a poll', () => {
    const wait = beginWait({ taskId: 't-1' }, { waitId: 'w', nowMs: input.submittedAtMs });
    const { wait: after, events } = applyReport(wait, report);
    expect(after.poll).toEqual({ ...report.state, asOfAttempt: 0 });
    expect(after.searchAttributes).toEqual(report.searchAttributes);
    expect(after.images).toEqual(report.images);
    expect(after.end).toEqual({ ...report.end, atMs: report.atMs });
    const [event] = events.filter(({ kind }) => kind === 'outcome');
    expect(event).toMatchObject({ outcome: { status: 'failed', polls: 9, error: report.end?.error } });
  });

  test('is read as what the server shows of a pending poll', () => {
    const lastFailure = { message: 'm', type: 'TryOnPending', details: pending };
    const merged = mergePending(undefined, {
      type: 'tryOnPoll',
      id: '1',
      attempt: 6,
      isRunning: false,
      isPaused: false,
      lastFailure,
    });
    expect(merged).toMatchObject({ polls: 8, vendorStatus: 'running', error: { code: 'Timeout' }, isBlocked: false });
  });
});

describe('the rule for shapes', () => {
  const before: Shapes = { PollState: { polls: 'number', 'status?': "'a' | 'b'" } };
  test.each([
    ['a new optional field is fine', { polls: 'number', 'status?': "'a' | 'b'", 'region?': 'string' }, []],
    ['one more value of a field is fine', { polls: 'number', 'status?': "'a' | 'b' | 'c'" }, []],
    ['a field that is gone is not', { polls: 'number' }, [/PollState\.status\? is gone/]],
    [
      'a renamed field is not',
      { count: 'number', 'status?': "'a' | 'b'" },
      [/polls is gone/, /count is new and required/],
    ],
    [
      'a field that becomes required is not',
      { polls: 'number', status: "'a' | 'b'" },
      [/status\? is gone/, /status is new/],
    ],
    ['another type is not', { polls: 'string', 'status?': "'a' | 'b'" }, [/polls was number and is string/]],
    ['one value less is not', { polls: 'number', 'status?': "'a'" }, [/status\? was/]],
  ])('%s', (_name, fields, problems) => {
    const broken = brokenShapes(before, { PollState: fields });
    expect(broken).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(broken[index]).toMatch(problem);
  });
});
