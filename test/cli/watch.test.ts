import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapWithConcurrency } from '../../src/cli/map-with-concurrency.js';
import { plain, render } from '../../src/cli/output.js';
import { listTable, rowOfStatus, signature, type WaitRow, waitLine, watchTable } from '../../src/cli/wait-row.js';
import { mayHaveChanged } from '../../src/cli/wait-watcher.js';
import { capacityOf, screenLines, type WatchContent } from '../../src/cli/watch-screen.js';
import type { ListedWait } from '../../src/client/list.js';
import type { TryOnWaitStatus } from '../../src/client/status.js';

const nowMs = Date.parse('2026-01-31T12:01:00Z');
const at = (seconds: number): string => new Date(nowMs + 1000 * seconds).toISOString();

const aWait = (wait: Partial<WaitRow> = {}): WaitRow => ({
  taskId: '1900000000000001',
  state: 'waiting',
  imageCount: 4,
  subTasks: { finished: 1, all: 2 },
  polls: 3,
  lastReply: 'running',
  nextPollAt: at(5),
  medianFinishAt: at(10),
  p95FinishAt: at(70),
  since: at(-60),
  ...wait,
});
const aScreen = (rows: readonly WaitRow[], content: Partial<WatchContent> = {}): WatchContent => ({
  rows,
  isCut: false,
  notes: [],
  place: 'in default at 127.0.0.1:7233',
  ...content,
});

const cells = (line: string | undefined): string[] => (line ?? '').split(/ {2,}/);

describe('the table', () => {
  test('shows what is known of each wait', () => {
    const waits: WaitRow[] = [
      aWait(),
      { taskId: 't-2', state: 'waiting' },
      aWait({ taskId: 't-3', state: 'finished', closedAt: at(-10) }),
      aWait({ taskId: 't-4', nextPollAt: at(-3), medianFinishAt: at(-9), p95FinishAt: at(9) }),
      aWait({ taskId: 't-5', isPolling: true, p95FinishAt: at(-1) }),
      aWait({ taskId: 't-6', isPaused: true }),
    ];
    expect(watchTable(waits, nowMs, 200).map(plain).map(cells)).toEqual([
      ['task', 'state', 'images', 'sub-tasks', 'last reply', 'next poll', 'expected', 'duration'],
      ['1900000000000001', 'waiting', '4', '1/2', 'running', 'in 5 s', '10 s to 70 s', '60 s'],
      ['t-2', 'waiting'],
      ['t-3', 'finished', '4', '1/2', 'running', 'ended 10 s ago', '50 s'],
      ['t-4', 'waiting', '4', '1/2', 'running', 'due 3 s ago', 'within 9 s', '60 s'],
      ['t-5', 'waiting', '4', '1/2', 'running', 'now', 'overdue', '60 s'],
      ['t-6', 'waiting', '4', '1/2', 'running', 'paused', '10 s to 70 s', '60 s'],
    ]);
  });

  test('leaves out columns before it cuts a task id', () => {
    const heads = (width: number): string[] => cells(plain(watchTable([aWait()], nowMs, width)[0] ?? ''));
    expect(heads(80)).toEqual(['task', 'state', 'images', 'last reply', 'next poll', 'expected', 'duration']);
    expect(heads(40)).toEqual(['task', 'state', 'images']);
    expect(watchTable([aWait()], nowMs, 40)[1]).toMatch(/^1900000000000001 /);
  });

  test('of `list` fits, too, with states and accounts of any length', () => {
    const waits: ListedWait[] = [
      {
        taskId: 't-1',
        workflowId: 'w',
        runId: 'r',
        state: 'waiting',
        startedAt: at(-90),
        imageCount: 2,
        account: 'eu',
      },
      // Another program's workflow of the same type can return anything.
      { taskId: 't-2', workflowId: 'w', runId: 'r', state: 'x'.repeat(44) as 'waiting', startedAt: at(-90) },
    ];
    expect(listTable(waits, nowMs, Number.POSITIVE_INFINITY).map(plain).map(cells)).toEqual([
      ['task', 'state', 'images', 'started', 'account'],
      ['t-1', 'waiting', '2', '90 s ago', 'eu'],
      ['t-2', 'x'.repeat(44), '90 s ago'],
    ]);
    for (const line of listTable(waits, nowMs, 40).map(plain)) expect(line.length).toBeLessThanOrEqual(40);
  });

  const anyWait: fc.Arbitrary<WaitRow> = fc.record(
    {
      taskId: fc.string({ maxLength: 60 }),
      state: fc.constantFrom('waiting', 'blocked', 'finished'),
      imageCount: fc.nat(),
      lastReply: fc.string({ unit: fc.constantFrom('a', ' ', '漢', '\u001b'), maxLength: 60 }),
      nextPollAt: fc.integer({ min: -9e6, max: 9e6 }).map(at),
      p95FinishAt: fc.integer({ min: -9e6, max: 9e6 }).map(at),
    },
    { requiredKeys: ['taskId', 'state'] },
  );
  test('fits every screen, whatever the vendor says', () => {
    fc.assert(
      fc.property(
        fc.array(anyWait, { maxLength: 30 }),
        fc.integer({ min: 60, max: 200 }),
        fc.integer({ min: 7, max: 40 }),
        fc.array(fc.string({ maxLength: 300 }), { maxLength: 4 }),
        (waits, width, rows, notes) => {
          const lines = screenLines(aScreen(waits, { notes }), nowMs, width, rows).map((line) => render(line, true));
          expect(lines.length).toBeLessThan(rows);
          const text = lines.map(stripVTControlCharacters);
          // A Chinese character takes two columns.
          for (const line of text) expect(line.replace(/漢/g, '--').length).toBeLessThanOrEqual(width);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: this test searches for control characters
          expect(text.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
        },
      ),
    );
  });
});

describe('a screen', () => {
  const shownLines = (content: WatchContent): string[] => screenLines(content, nowMs, 120, 20).map(plain);
  const many = Array.from({ length: 30 }, (_, k) => aWait({ taskId: `t-${k}` }));

  test('shows as many waits as fit, and says how many more there are', () => {
    const lines = shownLines(aScreen(many));
    expect(lines).toHaveLength(19);
    expect(lines[0]).toBe('waits: 30 waiting; in default at 127.0.0.1:7233, 12:01:00 UTC, Ctrl-C stops');
    expect(lines.at(-1)).toBe('14 more; select with --state, --listing and --limit');
    expect(shownLines(aScreen(many, { isCut: true })).at(-1)).toMatch(/^at least 14 more;/);
    expect(shownLines(aScreen([]))[0]).toMatch(/^waits: none; /);
  });

  test('has room for notes, too, and for at least one wait', () => {
    const lines = shownLines(aScreen(many, { notes: ['a', 'b', 'c'] }));
    expect(lines).toHaveLength(19);
    expect(lines.slice(-2)).toEqual(['! a', '! b']);
    expect(capacityOf(1)).toBe(1);
  });
});

describe('a watched wait', () => {
  const status: TryOnWaitStatus = {
    taskId: 't-1',
    state: 'waiting',
    images: [],
    subTasks: [
      { index: 0, status: 'finished', imageCount: 1 },
      { index: 1, status: 'running', imageCount: 0 },
    ],
    imagesOmitted: 2,
    polls: 3,
    workflowId: 'w',
    runId: 'r',
    startedAt: at(-50),
    isAnswered: true,
    notes: [],
    pending: { attempt: 2, isRunning: false, queue: 'q', dueAt: at(5) },
    explanation: { why: 'by the schedule', lastReply: 'running', shareDone: 0.5, p95FinishAt: at(9) },
  };

  test('is a row with what its status says', () => {
    expect(rowOfStatus(status)).toEqual({
      taskId: 't-1',
      runId: 'r',
      state: 'waiting',
      imageCount: 2,
      subTasks: { finished: 1, all: 2 },
      polls: 3,
      lastReply: 'running',
      nextPollAt: at(5),
      shareDone: 0.5,
      p95FinishAt: at(9),
      since: at(-50),
    });
  });

  test('has changed when state, images, sub-tasks or the last reply have, not by time or polls alone', () => {
    const same = signature(aWait());
    for (const change of [{ polls: 9 }, { nextPollAt: at(99) }, { isPolling: true }]) {
      expect(signature(aWait(change))).toBe(same);
    }
    for (const change of [{ state: 'blocked' as const }, { imageCount: 5 }, { lastReply: 'finished' }]) {
      expect(signature(aWait(change))).not.toBe(same);
    }
  });

  test('is one line where there is no terminal', () => {
    expect(plain(waitLine(aWait({ lastReply: 'run\u001b[2Jning' }), nowMs))).toBe(
      '2026-01-31T12:01:00.000Z 1900000000000001 waiting: 4 images, 1/2 sub-tasks, run [2Jning, 3 polls, next poll in 5 s',
    );
  });
});

describe('the server', () => {
  const pending = { attempt: 1, isRunning: false, queue: 'q' };
  const cases: [string, Parameters<typeof mayHaveChanged>[0], boolean][] = [
    ['one never read', undefined, true],
    ['one that has ended', { status: { closedAt: at(-1) }, readAtMs: 0 }, false],
    [
      'one whose poll is running',
      { status: { pending: { ...pending, isRunning: true, dueAt: at(9) } }, readAtMs: nowMs },
      true,
    ],
    ['one whose poll was due', { status: { pending: { ...pending, dueAt: at(-1) } }, readAtMs: nowMs }, true],
    [
      'one whose poll is far off',
      { status: { pending: { ...pending, dueAt: at(60) } }, readAtMs: nowMs - 2_000 },
      false,
    ],
    ['the same after a while', { status: { pending: { ...pending, dueAt: at(60) } }, readAtMs: nowMs - 10_000 }, true],
    ['one between two polls', { status: {}, readAtMs: nowMs }, true],
  ];
  test.each(cases)('is asked about waits that may have changed only: %s', (_what, seen, isAsked) => {
    expect(mayHaveChanged(seen, nowMs, 2_000)).toBe(isAsked);
  });

  test('gets four calls at once, and the results stay in order', async () => {
    let [underWay, max] = [0, 0];
    const results = await mapWithConcurrency([...Array(20).keys()], async (item) => {
      underWay += 1;
      max = Math.max(max, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return 2 * item;
    });
    expect(max).toBe(4);
    expect(results).toEqual([...Array(20).keys()].map((item) => 2 * item));
    await expect(mapWithConcurrency([1, 2], async () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  });
});
