import { expect, test } from 'vitest';
import { formatDuration, outcomeLines, stateText, statusLines, tally } from '../../src/cli/format.js';
import { plain, render } from '../../src/cli/output.js';
import type { TryOnWaitStatus } from '../../src/client/status.js';

const startedAt = '2026-01-31T12:00:00.000Z';
const lines = (status: Partial<TryOnWaitStatus>): string =>
  statusLines(
    {
      taskId: 't',
      state: 'waiting',
      images: [],
      subTasks: [],
      polls: 0,
      workflowId: 'w',
      runId: 'r',
      startedAt,
      isAnswered: true,
      notes: [],
      ...status,
    },
    Date.parse('2026-01-31T12:01:00Z'),
  )
    .map(plain)
    .join('\n');

test('a status says when the time of submission is assumed', () => {
  expect(lines({ submittedAt: '2026-01-31T12:00:00.050Z' })).toMatch(
    /^submitted .*; assumed, because the wait got no submittedAt$/m,
  );
  expect(lines({ submittedAt: '2026-01-31T11:59:58.000Z' })).toMatch(
    /^submitted +2026-01-31T11:59:58.000Z \(62 s ago\)$/m,
  );
});

test('a status shows the share of similar tasks and leaves out what is unknown', () => {
  const explanation = {
    why: 'by the schedule',
    shareDone: 0.41,
    medianFinishAt: '2026-01-31T12:01:30Z',
    p95FinishAt: '2026-01-31T12:00:30Z',
  };
  expect(lines({ explanation })).toMatch(
    /^expected +41% of similar tasks are done by now; of those still running, half are done within 30 s, 95% by now$/m,
  );
  expect(lines({})).not.toMatch(/undefined|expected|ended/);
});

test('an outcome is one line, with its error on a second', () => {
  const [first, second] = outcomeLines({
    taskId: 't',
    status: 'failed',
    images: [],
    subTasks: [],
    polls: 2,
    submittedAt: startedAt,
    finishedAt: '2026-01-31T12:02:00Z',
    account: 'default',
    api: 'tryon',
    timing: {},
    error: { layer: 'task', code: 'X', message: 'no' },
  }).map(plain);
  expect(first).toBe('failed: the task failed; 0 images, 2 polls, 2 min 0 s');
  expect(second).toBe('! task X: no');
});

test('a state has a colour, and one that is not known is red', () => {
  expect(render(stateText('waiting'), true)).toBe('\u001b[36mwaiting\u001b[39m');
  expect(render(stateText('constructor'), true)).toBe('\u001b[31mconstructor\u001b[39m');
});

test.each([
  [42_000, '42 s'],
  [185_000, '3 min 5 s'],
  [7_800_000, '2 h 10 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms is shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('a tally counts each text in order', () => {
  expect(tally(['b', 'a', 'b'])).toBe('2 b, 1 a');
});
