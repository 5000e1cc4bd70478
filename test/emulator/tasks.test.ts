import { describe, expect, test } from 'vitest';
import { drawSeconds } from '../../src/emulator/durations.js';
import { seededRandom } from '../../src/emulator/random.js';
import type { Emulator, EmulatorOptions } from '../../src/testing.js';
import { query } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();
const epochMs = Date.UTC(2026, 0, 1);

/** Main status and the number of finished sub-tasks. */
async function poll(emulator: Emulator, taskId: string, atMs: number): Promise<string> {
  const { data } = await query(emulator, taskId, { atMs });
  const list: { taskStatus: string }[] = data.taskResult ?? [];
  return `${data.taskStatus} ${list.filter(({ taskStatus }) => taskStatus === 'finished').length}`;
}

test('a task is submitted, runs, finishes its sub-tasks one by one and ends after its duration', async () => {
  let nowMs = epochMs;
  const emulator = await start({ nowMs: () => nowMs, distribution: { fixedSeconds: 100 } });
  const taskId = emulator.addTask({ subTasks: 3, imagesPerSubTask: 1 });
  const task = emulator.task(taskId);
  const endsMs = (task?.subTasks ?? []).map(({ finishedAtMs }) => finishedAtMs).sort((a, b) => a - b);
  expect(new Set(endsMs).size).toBe(3);
  expect([task?.runningAtMs, task?.finishedAtMs, endsMs[2]]).toEqual([
    epochMs + 10_000,
    epochMs + 100_000,
    epochMs + 100_000,
  ]);
  const moments = [epochMs, epochMs + 9_999, epochMs + 10_000, ...endsMs.flatMap((endMs) => [endMs - 1, endMs])];
  const seen: string[] = [];
  for (const momentMs of moments) {
    nowMs = momentMs;
    seen.push(await poll(emulator, taskId, nowMs));
  }
  expect(seen).toEqual([
    'submitted 0',
    'submitted 0',
    'running 0',
    'running 0',
    'running 1',
    'running 1',
    'running 2',
    'running 2',
    'finished 3',
  ]);
});

test('the end of a task is one event, with the time from which it was visible', async () => {
  let nowMs = epochMs;
  const emulator = await start({ nowMs: () => nowMs, distribution: { fixedSeconds: 50 } });
  const taskId = emulator.addTask();
  const events: unknown[] = [];
  emulator.onEnd((event) => events.push(event));
  const waiting = emulator.waitForEnd(taskId);
  for (const afterMs of [0, 49_999, 60_000, 70_000]) {
    nowMs = epochMs + afterMs;
    await poll(emulator, taskId, nowMs);
  }
  const end = { taskId, visibleAtMs: epochMs + 50_000, servedAtMs: epochMs + 60_000, poll: 3 };
  expect(await waiting).toEqual(end);
  expect(events).toEqual([end]);
  expect(emulator.ends).toEqual([end]);
  expect(emulator.task(taskId)).toMatchObject({ polls: 4, endServedAtMs: epochMs + 60_000 });
});

test('the URL of an image does not change after the end of its sub-task', async () => {
  let nowMs = epochMs;
  const emulator = await start({ nowMs: () => nowMs, distribution: { fixedSeconds: 50 } });
  const taskId = emulator.addTask();
  const seen = new Set<string>();
  for (const afterMs of [50_000, 60_000, 500_000]) {
    nowMs = epochMs + afterMs;
    seen.add(JSON.stringify((await query(emulator, taskId, { atMs: nowMs })).data));
  }
  expect(seen.size).toBe(1);
});

test('ended tasks are unknown after their retention', async () => {
  let nowMs = epochMs;
  const emulator = await start({
    nowMs: () => nowMs,
    distribution: { fixedSeconds: 10 },
    retentionSeconds: 60,
    notFound: 'service',
  });
  const taskId = emulator.addTask();
  const codes: string[] = [];
  for (const afterMs of [70_000, 70_001]) {
    nowMs = epochMs + afterMs;
    codes.push((await query(emulator, taskId, { atMs: nowMs })).resCode);
  }
  expect(codes).toEqual(['200', '700']);
});

test('an asynchronous clock is read for each request, and cannot date a task', async () => {
  const emulator = await start({ nowMs: async () => epochMs, distribution: { fixedSeconds: 10 } });
  expect(() => emulator.addTask()).toThrow(/submittedAtMs is missing/);
  const taskId = emulator.addTask({ submittedAtMs: epochMs - 10_000 });
  expect(await poll(emulator, taskId, epochMs)).toBe('finished 2');
});

describe('the seed', () => {
  const tasksOf = async (options: EmulatorOptions): Promise<unknown> => {
    const emulator = await start({ nowMs: () => epochMs, ...options });
    const ids = Array.from({ length: 20 }, () => emulator.addTask());
    return ids.map((id) => emulator.task(id));
  };

  test('decides the tasks', async () => {
    const [first, again, other] = [await tasksOf({ seed: 7 }), await tasksOf({ seed: 7 }), await tasksOf({ seed: 8 })];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test("a task's course does not depend on tasks made before it", async () => {
    const [one, two] = [await start({ nowMs: () => epochMs }), await start({ nowMs: () => epochMs })];
    two.addTask();
    const [mine, same] = [one, two].map((emulator) => emulator.task(emulator.addTask({ taskId: 'mine' })));
    expect(same).toEqual(mine);
  });
});

describe('durations', () => {
  const draws = (distribution: Parameters<typeof drawSeconds>[0]): number[] => {
    const random = seededRandom(1, 'durations');
    return Array.from({ length: 20_000 }, () => drawSeconds(distribution, random)).sort((a, b) => a - b);
  };
  const quantile = (sorted: number[], share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;

  test('without a tail are lognormal with the given median and 95th percentile', () => {
    const sorted = draws({ tailWeight: 0, medianSeconds: 20, p95Seconds: 70 });
    expect(quantile(sorted, 0.5) / 20).toBeCloseTo(1, 1);
    expect(quantile(sorted, 0.95) / 70).toBeCloseTo(1, 1);
  });

  test('have a tail of three percent by default', () => {
    const late = draws({}).filter((seconds) => seconds > 500).length / 20_000;
    // Of the stuck, uniform from 120 to 1800 s, 77 % are later than 500 s; of the others one in 13,000.
    expect(late).toBeGreaterThan(0.02);
    expect(late).toBeLessThan(0.027);
    expect(Math.max(...draws({ tailWeight: 1 }))).toBeLessThanOrEqual(1800);
  });

  test('can be scaled or fixed', () => {
    const [plain, scaled] = [draws({}), draws({ scale: 0.01 })];
    expect(quantile(scaled, 0.9) / quantile(plain, 0.9)).toBeCloseTo(0.01, 10);
    expect(new Set(draws({ fixedSeconds: 3, scale: 5 }))).toEqual(new Set([3]));
  });
});
