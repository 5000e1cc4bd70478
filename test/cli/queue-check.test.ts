import { describe, expect, test } from 'vitest';
import { describeQueue } from '../../src/cli/queue-check.js';
import { idleNote } from '../../src/temporal/task-queues.js';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const seenAgo = (seconds: number, identity = '1@host') => ({
  identity,
  lastSeenAt: new Date(nowMs - 1000 * seconds).toISOString(),
});
const check = (seconds: number[], isAnswered?: boolean) =>
  describeQueue(
    'queue q',
    { pollers: seconds.map((one) => seenAgo(one)), ...(isAnswered === undefined ? {} : { isAnswered }) },
    'start one',
    nowMs,
  );

describe('doctor, about a queue,', () => {
  test('says when its workers were last seen, and leaves out those that are gone', () => {
    expect(check([3, 200])).toMatchObject({ result: 'ok', detail: 'polled by 1@host (last seen 3 s ago)' });
  });

  test('says that nobody polls it, even if the server still lists the last worker', () => {
    const detail = 'no worker polls it any more: the last was 1@host (last seen 120 s ago)';
    expect(check([120])).toMatchObject({ result: 'fail', detail, remedy: 'start one' });
    expect(check([])).toMatchObject({ result: 'fail', detail: 'no worker polls it' });
  });

  test('says that its worker did not answer', () => {
    expect(check([34], false)).toMatchObject({
      result: 'warn',
      detail: expect.stringContaining('34 s ago), but no'),
    });
    expect(check([34], true).result).toBe('ok');
  });
});

describe('a note on an idle queue', () => {
  test.each([
    ['is absent while a worker may poll', [60], undefined, undefined],
    ['is absent if a worker has polled since the query', [3], 4, undefined],
    ['says for how long nobody polled, if an answer is missing', [34], 4, /^no worker has polled queue q for 34 s; /],
    [
      'says that nobody polls it, and since when',
      [90],
      undefined,
      /^no worker polls queue q \(the last one polled 90 s ago\); /,
    ],
    ['says that nobody ever polled it', [], 4, /^no worker polls queue q; start one/],
  ])('%s', (_what, seen, askedAgo, expected) => {
    const since = askedAgo === undefined ? undefined : nowMs - 1000 * askedAgo;
    const note = idleNote(
      'q',
      'workflow',
      seen.map((one) => seenAgo(one)),
      nowMs,
      since,
    );
    if (expected === undefined) expect(note).toBeUndefined();
    else expect(note).toMatch(expected);
  });
});
