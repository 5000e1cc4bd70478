import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import picocolors from 'picocolors';
import { describe, expect, test } from 'vitest';
import { mapWithConcurrency } from '../../src/cli/map-with-concurrency.js';
import { mayHaveChanged } from '../../src/cli/wait-watch.js';
import {
  roomFor,
  type Screen,
  screenLines,
  signature,
  type WatchedWait,
  waitLine,
  waitTable,
  watchedWait,
} from '../../src/cli/watched.js';
import type { TryOnWaitStatus } from '../../src/client/status.js';

const plain = picocolors.createColors(false);
const colours = picocolors.createColors(true);
const nowMs = Date.parse('2026-01-31T12:01:00Z');
const at = (seconds: number): string => new Date(nowMs + 1000 * seconds).toISOString();

const aWait = (wait: Partial<WatchedWait> = {}): WatchedWait => ({
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
const aScreen = (waits: readonly WatchedWait[], screen: Partial<Screen> = {}): Screen => ({
  waits,
  isCut: false,
  notes: [],
  place: 'in default at 127.0.0.1:7233',
  ...screen,
});

const cells = (line: string | undefined): string[] => (line ?? '').split(/ {2,}/);

describe('the table', () => {
  test('has what is known of each wait', () => {
    const waits: WatchedWait[] = [
      aWait(),
      { taskId: 't-2', state: 'waiting' },
      aWait({ taskId: 't-3', state: 'finished', closedAt: at(-10) }),
      aWait({ taskId: 't-4', nextPollAt: at(-3), medianFinishAt: at(-9), p95FinishAt: at(9) }),
      aWait({ taskId: 't-5', isPolling: true, p95FinishAt: at(-1) }),
      aWait({ taskId: 't-6', isPaused: true }),
    ];
    expect(waitTable(waits, plain, nowMs, 200).map(cells)).toEqual([
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
    const heads = (width: number): string[] => cells(waitTable([aWait()], plain, nowMs, width)[0]);
    expect(heads(80)).toEqual(['task', 'state', 'images', 'last reply', 'next poll', 'expected', 'duration']);
    expect(heads(40)).toEqual(['task', 'state', 'images']);
    expect(waitTable([aWait()], plain, nowMs, 40)[1]).toMatch(/^1900000000000001 /);
  });

  const anyWait: fc.Arbitrary<WatchedWait> = fc.record(
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
  test('never passes the edges of a screen, whatever its size and whatever the vendor says', () => {
    fc.assert(
      fc.property(
        fc.array(anyWait, { maxLength: 30 }),
        fc.integer({ min: 60, max: 200 }),
        fc.integer({ min: 7, max: 40 }),
        fc.array(fc.string({ maxLength: 300 }), { maxLength: 4 }),
        (waits, width, rows, notes) => {
          const lines = screenLines(aScreen(waits, { notes }), colours, nowMs, width, rows);
          expect(lines.length).toBeLessThan(rows);
          const text = lines.map(stripVTControlCharacters);
          // A Chinese character takes two columns.
          for (const line of text) expect(line.replace(/漢/g, '--').length).toBeLessThanOrEqual(width);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is polled for here
          expect(text.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
        },
      ),
    );
  });
});

describe('a screen', () => {
  const many = Array.from({ length: 30 }, (_, k) => aWait({ taskId: `t-${k}` }));

  test('shows as many as it has room for, and says how many more there are', () => {
    const lines = screenLines(aScreen(many), plain, nowMs, 120, 20);
    expect(lines).toHaveLength(19);
    expect(lines[0]).toBe('waits in default at 127.0.0.1:7233, 12:01:00 UTC, Ctrl-C ends  30 waiting');
    expect(lines.at(-1)).toBe('and 14 more; --state, --listing and --limit select');
    expect(screenLines(aScreen(many, { isCut: true }), plain, nowMs, 120, 20).at(-1)).toMatch(/^and 14 more at least;/);
    expect(screenLines(aScreen([]), plain, nowMs, 120, 20)[0]).toMatch(/ no waits$/);
  });

  test('has room for what is wrong, too, and for one wait at the least', () => {
    const lines = screenLines(aScreen(many, { notes: ['a', 'b', 'c'] }), plain, nowMs, 120, 20);
    expect(lines).toHaveLength(19);
    expect(lines.slice(-2)).toEqual(['! a', '! b']);
    expect(roomFor(1)).toBe(1);
  });
});

describe('a wait that is watched', () => {
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

  test('is what a poll at it told', () => {
    expect(watchedWait(status)).toEqual({
      taskId: 't-1',
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

  test('has changed when state, images, sub-tasks or the last reply have, and not by time or polls alone', () => {
    const same = signature(aWait());
    for (const change of [{ polls: 9 }, { nextPollAt: at(99) }, { isPolling: true }]) {
      expect(signature(aWait(change))).toBe(same);
    }
    for (const change of [{ state: 'blocked' as const }, { imageCount: 5 }, { lastReply: 'finished' }]) {
      expect(signature(aWait(change))).not.toBe(same);
    }
  });

  test('is a line where there is no terminal; control characters of the vendor are not in it', () => {
    expect(waitLine(aWait({ lastReply: 'run\u001b[2Jning' }), plain, nowMs)).toBe(
      '2026-01-31T12:01:00.000Z 1900000000000001 waiting: 4 images, 1/2 sub-tasks, run [2Jning, 3 queries, next poll in 5 s',
    );
  });
});

describe('the server', () => {
  const pending = { attempt: 1, isRunning: false, queue: 'q' };
  const cases: [string, Parameters<typeof mayHaveChanged>[0], boolean][] = [
    ['one never seen', undefined, true],
    ['one that has ended', { status: { closedAt: at(-1) }, readAtMs: 0 }, false],
    [
      'one whose poll runs',
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
  test.each(cases)('is asked about waits that may have changed: %s', (_what, seen, isAsked) => {
    expect(mayHaveChanged(seen, nowMs, 2_000)).toBe(isAsked);
  });

  test('is asked a few things at once, and answers stay in order', async () => {
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
