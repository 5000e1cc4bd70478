import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { statusLines } from '../../src/cli/show.js';

const startedAt = '2026-01-31T12:00:00.000Z';
const lines = (submittedAt: string): string =>
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
      submittedAt,
      isAnswered: true,
      notes: [],
    },
    picocolors.createColors(false),
    Date.parse('2026-01-31T12:01:00Z'),
  ).join('\n');

test('a status says where the time of submission is only taken to be that of the wait', () => {
  expect(lines('2026-01-31T12:00:00.050Z')).toMatch(
    /^submitted .*; taken as submitted, since the wait was told no time$/m,
  );
  expect(lines('2026-01-31T11:59:58.000Z')).toMatch(/^submitted +2026-01-31T11:59:58.000Z \(62 s ago\)$/m);
});
