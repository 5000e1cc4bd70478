import { expect, test, vi } from 'vitest';
import { runRenewed } from '../../src/worker/renew.js';

/** Workers that end by `shutdown`, and what becomes of them. */
function stage() {
  const all: { outdated: () => void; shutdown: () => void; end: () => void; isShutDown: () => boolean }[] = [];
  const failures: Error[] = [];
  const started: object[] = [];
  const said: string[] = [];
  const done = runRenewed({
    async start(outdated) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const { promise: run, resolve: end } = deferred();
      const shutdown = vi.fn();
      all.push({ outdated, shutdown, end, isShutDown: () => shutdown.mock.calls.length > 0 });
      return { run, shutdown };
    },
    onStarted: (workers) => started.push(workers),
    say: (level, message) => said.push(`${level} ${message}`),
  });
  /** So many were started, and it waits for what comes. */
  const begun = async (count: number): Promise<void> => {
    await vi.waitFor(() => expect(started).toHaveLength(count));
    await new Promise(setImmediate);
  };
  const at = (index: number) => all[index] as (typeof all)[0];
  return { at, begun, failures, said, done };
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

test('new workers run before the outdated ones drain, and all have drained at the end', async () => {
  const { at, begun, said, done } = stage();
  await begun(1);
  expect(at(0).isShutDown()).toBe(false);
  at(0).outdated();
  await vi.waitFor(() => expect(at(0).isShutDown()).toBe(true));
  await begun(2);
  expect(said).toEqual([expect.stringMatching(/^INFO the certificates for Temporal have changed/)]);
  let isDone = false;
  const ended = done.then(() => {
    isDone = true;
  });
  at(1).end();
  await new Promise(setImmediate);
  expect(isDone).toBe(false);
  at(0).end();
  await ended;
});

test('workers that drain do not have the new ones replaced', async () => {
  const { at, begun, done } = stage();
  await begun(1);
  at(0).outdated();
  await begun(2);
  at(0).outdated();
  await new Promise(setImmediate);
  await begun(2);
  at(0).end();
  at(1).end();
  await done;
});

test('certificates that cannot be used leave the workers running, and are tried again', async () => {
  const { at, begun, failures, said, done } = stage();
  await begun(1);
  failures.push(new Error('half a file\nand more'));
  at(0).outdated();
  await vi.waitFor(() => expect(said).toHaveLength(1));
  expect(said[0]).toMatch(/^ERROR .*\(half a file\); the worker goes on/);
  expect(at(0).isShutDown()).toBe(false);
  await new Promise(setImmediate);
  at(0).outdated();
  await begun(2);
  at(0).end();
  at(1).end();
  await done;
});

test('workers that fail end it with their failure', async () => {
  const failure = new Error('no server');
  const run = runRenewed({
    start: async () => ({ run: Promise.reject(failure), shutdown: () => undefined }),
    onStarted: () => undefined,
    say: () => undefined,
  });
  await expect(run).rejects.toBe(failure);
});
