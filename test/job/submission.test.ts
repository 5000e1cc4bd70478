import { describe, expect, test } from 'vitest';
import {
  acceptClaim,
  beginSubmission,
  drawToken,
  expire,
  mayClaim,
  resolve,
  resolveProblem,
  type Submission,
  submissionStatus,
  submitRules,
  takeReport,
  withdraw,
} from '../../src/job/submission.js';

const error = { layer: 'service', code: '500', message: 'system error' } as const;
const minuteMs = submitRules.reportWithinMs;
const scheduled = drawToken(beginSubmission());
const claimed = acceptClaim(scheduled, { token: 1, id: 'a' }, 1_000);
const parked = takeReport(claimed, 1, { kind: 'maybe', error }, 2_000);

/** An execution of an attempt: what it did, and what it has not reported yet. The vendor takes what is sent, or refuses it. */
interface Execution {
  readonly token: number;
  readonly id: string;
  readonly step: 'begun' | 'mayWrite' | 'refused' | 'unsent' | 'taken' | 'takenUnknown' | 'turnedDown' | 'done';
}
interface World {
  readonly submission: Submission;
  readonly executions: readonly Execution[];
  /** Requests that the vendor took. */
  readonly paid: number;
  readonly nowMs: number;
}

const replaced = (world: World, index: number, step: Execution['step'], change: Partial<World> = {}): World => ({
  ...world,
  ...change,
  executions: world.executions.map((one, at) => (at === index ? { ...one, step } : one)),
});

/** Every world that one event leads to. Two executions of each token: the server may believe that one is dead while it is not. */
function next(world: World): World[] {
  const { submission, executions, nowMs } = world;
  const worlds: World[] = [];
  if (submission.phase === 'idle' && submission.token < 2) {
    const drawn = drawToken(submission);
    const begun = ['a', 'b'].map((id): Execution => ({ token: drawn.token, id: `${drawn.token}${id}`, step: 'begun' }));
    worlds.push({ ...world, submission: drawn, executions: [...executions, ...begun] });
  }
  executions.forEach((execution, index) => {
    const { token, id, step } = execution;
    const report = (given: Parameters<typeof takeReport>[2]) =>
      worlds.push(replaced(world, index, 'done', { submission: takeReport(submission, token, given, nowMs) }));
    switch (step) {
      case 'begun':
        if (mayClaim(submission, execution)) {
          const after = acceptClaim(submission, execution, nowMs);
          worlds.push(replaced(world, index, 'mayWrite', { submission: after }));
          // The answer to the claim is lost.
          worlds.push(replaced(world, index, 'unsent', { submission: after }));
        } else worlds.push(replaced(world, index, 'refused'));
        // The claim never arrived, and the attempt knows no answer.
        worlds.push(replaced(world, index, 'unsent'));
        break;
      case 'mayWrite':
        worlds.push(replaced(world, index, 'taken', { paid: world.paid + 1 }));
        worlds.push(replaced(world, index, 'takenUnknown', { paid: world.paid + 1 }));
        worlds.push(replaced(world, index, 'turnedDown'));
        worlds.push(replaced(world, index, 'unsent'));
        break;
      case 'unsent':
        report({ kind: 'notSent', claimId: id });
        break;
      case 'taken':
        report({ kind: 'accepted', taskId: `task-${id}`, atMs: nowMs });
        break;
      case 'takenUnknown':
        report({ kind: 'maybe', error });
        break;
      case 'turnedDown':
        report({ kind: 'rejected', error, retryAfterMs: 0 });
        report({ kind: 'rejected', error });
        break;
      default:
    }
  });
  // The server gives the latest attempt up, whatever it is doing; and a minute passes.
  if (submission.token > 0) {
    worlds.push({ ...world, submission: takeReport(submission, submission.token, { kind: 'lost' }, nowMs) });
  }
  worlds.push({ ...world, submission: expire(submission, nowMs + minuteMs), nowMs: nowMs + minuteMs });
  return worlds;
}

test('in every order of events the vendor takes a request once at most, and no task that was reported is lost', () => {
  const seen = new Set<string>();
  // Times do not matter to what is reached: the claim's alone is compared, and a minute more is always enough.
  const keyOf = ({ submission, executions, paid }: World) => {
    const { nextAtMs: _nextAtMs, claim, acceptedAtMs: _acceptedAtMs, ...rest } = submission;
    return JSON.stringify([rest, claim?.id, executions, paid]);
  };
  const open: World[] = [{ submission: beginSubmission(), executions: [], paid: 0, nowMs: 0 }];
  const phases = new Set<string>();
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    const key = keyOf(world);
    if (seen.has(key)) continue;
    seen.add(key);
    const { submission, executions, paid } = world;
    phases.add(submission.phase);
    if (paid > 1) expect.fail(`paid twice: ${key}`);
    const isReported = paid === 1 && executions.every(({ step }) => step !== 'taken' && step !== 'takenUnknown');
    if (isReported && submission.taskId === undefined && submission.phase !== 'maybe') {
      expect.fail(`a task that was paid for is forgotten: ${key}`);
    }
    if (submission.phase === 'rejected' && paid > 0) expect.fail(`rejected, though it was paid for: ${key}`);
    open.push(...next(world));
  }
  expect([...phases].sort()).toEqual(['accepted', 'claimed', 'idle', 'maybe', 'rejected', 'scheduled']);
  expect(seen.size).toBeGreaterThan(1_000);
});

describe('a claim', () => {
  test('is accepted once, and only of the current token', () => {
    expect(mayClaim(scheduled, { token: 1, id: 'a' })).toBe(true);
    expect(mayClaim(claimed, { token: 1, id: 'b' })).toBe(false);
    expect(mayClaim(scheduled, { token: 0, id: 'a' })).toBe(false);
    expect(mayClaim(scheduled, { token: 2, id: 'a' })).toBe(false);
  });

  test.each([beginSubmission(), beginSubmission('t', 0), withdraw(scheduled), parked])(
    'is refused while $phase',
    (submission) => {
      expect(mayClaim(submission, { token: submission.token, id: 'a' })).toBe(false);
    },
  );
});

describe('a report', () => {
  test('of an attempt that ended without a claim leads to the next token', () => {
    const idle = takeReport(scheduled, 1, { kind: 'lost' }, 1_000);
    expect(idle).toMatchObject({ phase: 'idle', token: 1, nextAtMs: 2_000 });
    expect(drawToken(idle)).toMatchObject({ phase: 'scheduled', token: 2 });
  });

  test('that nothing was sent counts only from the attempt that had the claim', () => {
    expect(takeReport(claimed, 1, { kind: 'notSent', claimId: 'b' }, 2_000)).toBe(claimed);
    expect(takeReport(claimed, 1, { kind: 'notSent', claimId: 'a' }, 2_000)).toMatchObject({ phase: 'idle' });
  });

  test('of a lost worker leaves a minute from the claim for the task id, then parks', () => {
    const lost = takeReport(claimed, 1, { kind: 'lost' }, 5_000);
    expect(expire(lost, 1_000 + minuteMs - 1).phase).toBe('claimed');
    expect(expire(lost, 1_000 + minuteMs)).toMatchObject({ phase: 'maybe', error: { code: 'WorkerLost' } });
    expect(expire(claimed, 10 * minuteMs).phase).toBe('claimed');
  });

  test('with a task id is taken late, also of a parked job and of an older attempt', () => {
    const accepted = { kind: 'accepted', taskId: 't-1', atMs: 9 } as const;
    expect(takeReport(parked, 1, accepted, 99_000)).toMatchObject({
      phase: 'accepted',
      taskId: 't-1',
      acceptedAtMs: 9,
    });
    const again = drawToken(resolve(parked, { resubmit: true }, 1_000 + 5 * 60_000));
    expect(takeReport(again, 1, accepted, 400_000)).toMatchObject({ phase: 'accepted', taskId: 't-1' });
  });

  test('with a second task id keeps it beside the first', () => {
    const first = takeReport(claimed, 1, { kind: 'accepted', taskId: 't-1', atMs: 9 }, 9);
    const both = takeReport(first, 1, { kind: 'accepted', taskId: 't-2', atMs: 9 }, 9);
    expect(both).toMatchObject({ taskId: 't-1', otherTaskIds: ['t-2'] });
    expect(submissionStatus(both)).toMatchObject({ state: 'accepted', otherTaskIds: ['t-2'] });
    expect(takeReport(both, 1, { kind: 'accepted', taskId: 't-2', atMs: 9 }, 9)).toBe(both);
  });

  test('with a task id that no wait takes parks the job', () => {
    const taken = takeReport(claimed, 1, { kind: 'accepted', taskId: 'two words', atMs: 9 }, 9);
    expect(taken).toMatchObject({ phase: 'maybe', error: { code: 'BadBody' } });
  });

  test.each([0, 2, -1, 0.5, Number.NaN])('of a token that was never drawn (%d) changes nothing', (token) => {
    expect(takeReport(claimed, token, { kind: 'accepted', taskId: 't', atMs: 1 }, 1)).toBe(claimed);
  });

  test('of a refusal that is safe to repeat waits as long as the vendor says, ten minutes at most', () => {
    const refused = (retryAfterMs: number) =>
      takeReport(claimed, 1, { kind: 'rejected', error, retryAfterMs }, 2_000).nextAtMs;
    expect(refused(20_000)).toBe(22_000);
    expect(refused(-5)).toBe(3_000);
    expect(refused(86_400_000)).toBe(602_000);
  });
});

describe('a resolution', () => {
  test('is refused unless the job is parked', () => {
    for (const one of [scheduled, claimed, beginSubmission('t', 0)]) {
      expect(resolveProblem(one, { giveUp: true }, 1e9)).toMatch(/nothing to resolve/);
      expect(resolve(one, { giveUp: true }, 1e9)).toBe(one);
    }
  });

  test('resubmits only 5 minutes after the send', () => {
    expect(resolveProblem(parked, { resubmit: true }, 1_000 + 299_000)).toMatch(/resubmit in 1 s/);
    expect(resolveProblem(parked, { resubmit: true }, 1_000 + 300_000)).toBeUndefined();
    expect(resolve(parked, { resubmit: true }, 301_000)).toMatchObject({ phase: 'idle', nextAtMs: 301_000 });
  });

  test('takes a task id as submitted when it was sent, or gives up', () => {
    expect(resolve(parked, { taskId: 't' }, 9_000)).toMatchObject({
      phase: 'accepted',
      taskId: 't',
      acceptedAtMs: 1_000,
    });
    expect(resolve(parked, { giveUp: true }, 9_000).phase).toBe('givenUp');
  });
});
