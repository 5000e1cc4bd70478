import { DefaultLogger, type NativeConnection, Runtime, type Worker, type WorkerOptions } from '@temporalio/worker';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { TryOnPlugin } from '../../src/worker/plugin.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers } from '../../src/worker/start.js';
import { createTogether } from '../../src/worker/together.js';

beforeAll(() => void Runtime.install({ logger: new DefaultLogger('ERROR') }));

const env = { AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's' };

/** A server of some version; `asked` counts its calls, and each read of search attributes waits for `release`. */
function aServer(serverVersion = '1.30.0') {
  const asked: string[] = [];
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const call =
    <T>(name: string, answer: T) =>
    async () => {
      asked.push(name);
      return answer;
    };
  const connection = {
    workflowService: {
      getSystemInfo: call('getSystemInfo', { serverVersion }),
      describeNamespace: call('describeNamespace', {}),
    },
    operatorService: {
      async listSearchAttributes() {
        asked.push('listSearchAttributes');
        await released;
        return { customAttributes: { TryOnStatus: 2 } };
      },
    },
    withDeadline: (_at: number, work: () => unknown) => work(),
    withAbortSignal: (_signal: AbortSignal, work: () => unknown) => work(),
  } as unknown as NativeConnection;
  return { connection, asked, release };
}

/** A user's worker, as the plugin sees it. */
function aWorker(options: WorkerOptions) {
  const created: WorkerOptions[] = [];
  class FakeWorker {
    readonly options = options;
    static async create(one: WorkerOptions): Promise<FakeWorker> {
      created.push(one);
      return new FakeWorker();
    }
    async run(): Promise<void> {}
    async runUntil(): Promise<void> {}
    shutdown(): void {}
    getState(): string {
      return 'STOPPED';
    }
  }
  return { worker: new FakeWorker() as unknown as Worker, created };
}

describe('the plugin', () => {
  const configured = (connection: NativeConnection) => {
    const plugin = new TryOnPlugin({ env });
    const options = plugin.configureWorker({ connection, taskQueue: 'q' });
    return { plugin, options };
  };
  const namespaceOf = (options: WorkerOptions) =>
    (options.activities as { tryOnNamespace(): Promise<{ searchAttributes: readonly string[] }> }).tryOnNamespace();

  test('starts nothing for a worker that never runs', () => {
    const interval = vi.spyOn(globalThis, 'setInterval');
    const { connection, asked } = aServer();
    configured(connection);
    expect(asked).toEqual([]);
    expect(interval).not.toHaveBeenCalled();
    interval.mockRestore();
  });

  test('has read the search attributes before the worker runs', async () => {
    const { connection, asked, release } = aServer();
    const { plugin, options } = configured(connection);
    const { worker } = aWorker(options);
    let seen: readonly string[] | undefined;
    const ran = plugin.runWorker(worker, async () => {
      ({ searchAttributes: seen } = await namespaceOf(options));
    });
    await vi.waitFor(() => expect(asked).toContain('listSearchAttributes'));
    expect(seen).toBeUndefined();
    release();
    await ran;
    expect(seen).toEqual(['TryOnStatus']);
  });

  test('runs no worker on a server that is too old', async () => {
    const { connection } = aServer('1.28.1');
    const { plugin, options } = configured(connection);
    const { worker, created } = aWorker(options);
    const next = vi.fn();
    await expect(plugin.runWorker(worker, next)).rejects.toMatchObject({ code: 'ServerTooOld' });
    expect(next).not.toHaveBeenCalled();
    expect(created).toEqual([]);
  });
});

describe('workers that cannot start', () => {
  const settings = () => {
    const read = readWorkerSettings(env);
    if (!read.ok) throw new Error(read.problems.join());
    return read.settings;
  };

  test('leave no timer behind', async () => {
    const set = vi.spyOn(globalThis, 'setInterval');
    const cleared = vi.spyOn(globalThis, 'clearInterval');
    const { connection, release } = aServer();
    release();
    // The SDK takes no connection but its own.
    await expect(startTryOnWorkers(settings(), { connection })).rejects.toThrow();
    const started = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    const ended = cleared.mock.calls.map(([timer]) => timer);
    expect(started.length).toBeGreaterThan(0);
    expect(started.filter((timer) => !ended.includes(timer))).toEqual([]);
    set.mockRestore();
    cleared.mockRestore();
  });

  test('say in one line that the server is too old', async () => {
    const { connection } = aServer('1.28.1');
    await expect(startTryOnWorkers(settings(), { connection })).rejects.toMatchObject({
      code: 'ServerTooOld',
      message: 'the Temporal server has version 1.28.1; upgrade it to 1.29.0 or later',
    });
  });

  test('release those that were created already', async () => {
    const good = { runUntil: vi.fn() as unknown as Worker['runUntil'] };
    const failure = new Error('no');
    await expect(createTogether([Promise.resolve(good), Promise.reject(failure)])).rejects.toBe(failure);
    expect(good.runUntil).toHaveBeenCalledOnce();
  });
});
