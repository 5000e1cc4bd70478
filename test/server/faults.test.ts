/**
 * Rows of the fault table against the real server, a worker and the emulator. All waits of this file run at the same time, each test
 * awaits its own; rows that need a vendor of their own have an account for it.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import {
  limits,
  messages,
  resultsWorkflowId,
  type TryOnEvent,
  type TryOnOutcome,
  type TryOnResultsInput,
} from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { type Emulator, type EmulatorOptions, type NewTask, type Script, startEmulator } from '../../src/testing.js';
import { query } from '../emulator/signed-call.js';
import { aCertificate } from '../providers/certificate.js';
import { faultName } from '../support/fault-rows.js';
import { quiet, type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const logs: string[] = [];
const key = { appKey: 'key-of-the-fault-tests', appSecret: 'secret-of-the-fault-tests-0123' };
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

let stack: Stack;
let client: TryOnClient;
let folder: string;
const emulators: Record<string, Emulator> = {};
const servers: { server: Server; sockets: Set<Socket> }[] = [];
const started: (() => Promise<void>)[] = [];
const running: Promise<void>[] = [];

/** A test whose waits begin with those of all others. */
function fault(number: number, run: () => Promise<void>, detail?: string): void {
  const index = started.push(run) - 1;
  test(faultName(number, detail), async () => {
    await running[index];
  });
}

const own = (name: string): Emulator => {
  const emulator = emulators[name];
  if (emulator === undefined) throw new Error(`no emulator is named ${name}`);
  return emulator;
};

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  servers.push({ server, sockets });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Vendors of their own, by the name of their account. */
const vendors: Readonly<Record<string, EmulatorOptions>> = {
  refusing: {},
  stale: {},
  crowded: { latencyMs: 300 },
  skewed: { clockSkewMs: 3 * 3_600_000 },
  late: { clockSkewMs: 3_600_000 },
  strict: { timeWindowSeconds: 2 },
  rotating: {},
};
let untrustedRequests = 0;

beforeAll(async () => {
  quiet((entry) => logs.push(inspect(entry, { depth: 8 })));
  folder = mkdtempSync(join(tmpdir(), 'tryon-faults-'));
  const env: Record<string, string> = { AIDGE_QUERIES_PER_SECOND: '1000' };
  const account = (name: string, endpoint: string) => {
    const prefix = `AIDGE_${name.toUpperCase()}`;
    env[`${prefix}_ENDPOINT`] = endpoint;
    env[`${prefix}_APP_KEY`] = key.appKey;
    env[`${prefix}_APP_SECRET`] = key.appSecret;
  };
  for (const [index, [name, options]] of Object.entries(vendors).entries()) {
    // By the seed task ids differ from one vendor to the next.
    const emulator = await startEmulator({ accounts: [key], seed: 7_401 + index, ...options });
    emulators[name] = emulator;
    account(name, emulator.url);
  }
  delete env.AIDGE_ROTATING_APP_SECRET;
  env.AIDGE_ROTATING_APP_SECRET_FILE = join(folder, 'secret');
  writeFileSync(join(folder, 'secret'), key.appSecret);
  account('nameless', 'https://vendor.invalid');
  account('mute', `https://127.0.0.1:${await listen(createTcpServer())}`);
  const tls = createTlsServer(aCertificate(), (_request, response) => {
    untrustedRequests += 1;
    response.end();
  });
  account('untrusted', `https://127.0.0.1:${await listen(tls)}`);
  stack = await startStack({
    address: inject('temporal').address,
    parents: true,
    emulator: { accounts: [key], seed: 7_400 },
    env,
  });
  client = await createTryOnClient({ client: stack.client, taskQueue: stack.taskQueue });
  for (const run of started) {
    const promise = run();
    promise.catch(() => undefined); // the test awaits it
    running.push(promise);
  }
});

afterAll(async () => {
  await Promise.allSettled(running);
  await stack?.stop();
  for (const emulator of Object.values(emulators)) await emulator.close();
  for (const { server, sockets } of servers) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Every workflow of this file, for the scan. */
const workflowIds = new Set<string>();

interface Run {
  readonly task?: NewTask;
  readonly input?: Partial<TryOnResultsInput>;
  readonly on?: Emulator;
}

/** Starts a wait for a new task. */
async function begin(script: Script, { task = {}, input = {}, on = stack.emulator }: Run = {}) {
  const taskId = on.addTask({ script, ...task });
  workflowIds.add(resultsWorkflowId(taskId));
  return { taskId, handle: await stack.start({ taskId, ...input }) };
}

const outcomeOf = async (handle: WorkflowHandle): Promise<TryOnOutcome> => (await handle.result()) as TryOnOutcome;
const outcome = async (script: Script, run?: Run) => outcomeOf((await begin(script, run)).handle);

/** A wait whose events are recorded. */
async function recorded(script: Script, run: Run = {}) {
  const recorder = await stack.parent('recorder', `recorder-${randomUUID()}`);
  workflowIds.add(recorder.workflowId);
  const notify = [...(run.input?.notify ?? []), { workflowId: recorder.workflowId }];
  const wait = await begin(script, { ...run, input: { ...run.input, notify } });
  const events = async (): Promise<TryOnEvent[]> => {
    await recorder.signal('stop');
    return await recorder.result();
  };
  const { workflowId } = wait.handle;
  return { ...wait, workflowId, events, received: () => recorder.query<TryOnEvent[]>('received') };
}

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** A history in pages that fit into one message. */
async function* historyOf(workflowId: string): AsyncGenerator<HistoryEvent> {
  const { workflowService, options } = stack.client;
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await workflowService.getWorkflowExecutionHistory({
      namespace: options.namespace,
      execution: { workflowId },
      maximumPageSize: 3,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    yield* page.history?.events ?? [];
    ({ nextPageToken } = page);
  } while (nextPageToken !== undefined && nextPageToken.length > 0);
}

/** The events that a wait with one subscriber sent, by its own history. */
async function sentBy(workflowId: string): Promise<TryOnEvent[]> {
  const sent: TryOnEvent[] = [];
  for await (const event of historyOf(workflowId)) {
    const payloads = event.signalExternalWorkflowExecutionInitiatedEventAttributes?.input?.payloads ?? [];
    for (const { data } of payloads) sent.push(JSON.parse(Buffer.from(data ?? []).toString('utf8')));
  }
  return sent;
}

const kinds = (events: readonly TryOnEvent[]) => events.map((event) => event.kind);
const finished = { status: 'finished' } as const;
const queriesOf = (taskId: string, on: Emulator = stack.emulator) =>
  on.queries.filter((query) => query.taskId === taskId);

describe('one fault, then the answer', () => {
  const rows: readonly (readonly [number, string, number])[] = [
    [5, 'reset-before-headers, finished', 2],
    [6, 'reset-mid-body, finished', 2],
    [9, 'huge-body, finished', 2],
    [10, 'gzip-bomb, finished', 2],
    [11, 'truncated-json, finished', 2],
    [12, 'html-200, captcha-200, finished', 3],
    [14, 'empty-body, no-content, json-null, finished', 4],
    [15, 'redirect-other-host, finished', 2],
    [16, 'redirect-loop, finished', 2],
    [19, 'http-500, http-502, http-504, finished', 4],
    [32, 'http-408, http-425, finished', 3],
    [37, 'unknown-status, finished', 3],
    [38, 'missing-status, null-status, finished', 5],
    [39, 'upper-case-status', 1],
    [40, 'running-then-queued', 4],
    [42, 'finished-then-running', 1],
    [43, 'failed-then-finished', 2],
    [44, 'finished-empty-then-full', 2],
    [48, 'other-task-id x2, finished', 3],
    [51, 'layers-disagree', 1],
  ];
  for (const [number, script, polls] of rows) {
    fault(
      number,
      async () => {
        const { taskId, handle, events } = await recorded(script);
        const told = await outcomeOf(handle);
        expect(told).toMatchObject({ ...finished, polls });
        expect(told.images).toHaveLength(8);
        expect(queriesOf(taskId)).toHaveLength(polls);
        expect(kinds(await events())).toEqual(['outcome']);
      },
      script,
    );
  }

  for (const [number, behaviour] of [
    [7, 'hang'],
    [8, 'drip'],
    [8, 'hang-after-headers'],
    [8, 'endless-body'],
  ] as const) {
    fault(
      number,
      async () => {
        const { taskId, handle } = await begin(`${behaviour}, finished`);
        await until(async () => (await client.status(taskId)).error?.code === 'Timeout');
        await handle.executeUpdate(messages.pollNow);
        expect(await outcomeOf(handle)).toMatchObject(finished);
        expect(queriesOf(taskId)).toHaveLength(2);
      },
      behaviour,
    );
  }

  fault(15, async () => expect(stack.emulator.stats.trapped).toBe(0), 'and nobody came to the other host');
  fault(16, async () => expect(stack.emulator.stats.looped).toBe(0), 'and nobody went around');

  const odd: readonly (readonly [number, string])[] = [
    [13, 'bom'],
    [13, 'odd-content-type'],
    [13, 'wrong-charset'],
    [39, 'real-types'],
    [49, 'unknown-fields'],
    [49, 'inner-json-text'],
    [49, 'data-json-text'],
    [49, 'struct-data'],
  ];
  for (const [number, script] of odd) {
    fault(
      number,
      async () => {
        const told = await outcome(script, { task: { durationSeconds: 0.5 } });
        expect(told).toMatchObject(finished);
        expect(told.images).toHaveLength(8);
      },
      script,
    );
  }
});

describe('transport', () => {
  fault(1, async () => {
    const { taskId } = await begin('finished', { on: own('stale') });
    const asked = await stack.run({ taskId: `${taskId}-nameless`, account: 'nameless', timeoutSeconds: 9 });
    expect(asked).toMatchObject({ status: 'timeout', error: { layer: 'transport', code: 'DnsFailed' } });
    expect(asked.polls).toBeGreaterThanOrEqual(2);
  });

  fault(2, async () => {
    const on = own('refusing');
    await on.outage('refuse');
    const { taskId, handle } = await begin('finished', { on, input: { account: 'refusing' } });
    await until(async () => (await client.status(taskId)).polls >= 2);
    expect((await client.status(taskId)).error).toMatchObject({ layer: 'transport', code: 'ConnectionFailed' });
    await on.outage();
    const told = await outcomeOf(handle);
    expect(told).toMatchObject(finished);
    expect(told.polls).toBeGreaterThanOrEqual(3);
    expect(queriesOf(taskId, on)).toHaveLength(1);
  });

  fault(3, async () => {
    const told = await stack.run({ taskId: randomUUID(), account: 'mute', timeoutSeconds: 8 });
    expect(told).toMatchObject({ status: 'timeout', error: { layer: 'transport', code: 'ConnectionFailed' } });
  });

  fault(4, async () => {
    const input = { account: 'untrusted' };
    const { taskId, handle, received, events } = await recorded('finished', { on: own('stale'), input });
    await until(async () => (await received()).length > 0);
    const [first] = await received();
    expect(first).toMatchObject({ kind: 'blocked', error: { layer: 'transport', code: 'TlsFailed' } });
    expect(await client.status(taskId)).toMatchObject({ state: 'blocked' });
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(kinds(await events())).toEqual(['blocked', 'outcome']);
    expect(untrustedRequests).toBe(0);
  });

  fault(
    12,
    async () => {
      const told = await outcome('captcha-200 always', { input: { timeoutSeconds: 2 } });
      expect(told).toMatchObject({ status: 'timeout', error: { code: 'BadBody', message: /captcha/ } });
    },
    'and the error shows how the page begins',
  );

  fault(17, async () => {
    const on = own('stale');
    const { taskId, handle } = await begin('dead-keep-alive, finished', {
      on,
      input: { account: 'stale' },
      task: { durationSeconds: 3_600 },
    });
    const told = await outcomeOf(handle);
    // The request that died is counted, and asked again within the same attempt.
    expect(told).toMatchObject({ ...finished, polls: 3 });
    expect(queriesOf(taskId, on)).toHaveLength(2);
    expect(on.stats.onDeadConnections).toBe(1);
  });

  fault(18, async () => {
    const on = own('crowded');
    const waits = await Promise.all(
      Array.from({ length: 50 }, () => begin('finished', { on, input: { account: 'crowded', submittedAt: ago(60) } })),
    );
    for (const { handle } of waits) expect(await outcomeOf(handle)).toMatchObject({ ...finished, polls: 1 });
    expect(on.stats.peakInFlight).toBeLessThanOrEqual(32);
    expect(on.stats.queries).toBe(50);
  });
});

describe('answers of HTTP', () => {
  fault(
    27,
    async () => {
      const on = own('skewed');
      const { handle, events } = await recorded('finished', { on, input: { account: 'skewed' } });
      expect(await outcomeOf(handle)).toMatchObject({ ...finished, polls: 2 });
      expect(on.stats).toMatchObject({ queries: 2, unauthorised: 1 });
      expect(kinds(await events())).toEqual(['outcome']);
    },
    'told by the gateway',
  );

  fault(
    27,
    async () => {
      const on = own('late');
      const { handle, events } = await recorded('http-401, finished', { on, input: { account: 'late' } });
      expect(await outcomeOf(handle)).toMatchObject({ ...finished, polls: 2 });
      expect(kinds(await events())).toEqual(['outcome']);
    },
    'told by 401',
  );

  for (const [number, script, code] of [
    [28, 'http-401 always', 'Http401'],
    [28, 'http-403 always', 'Http403'],
    [28, 'invalid-app-key', 'InvalidAppKey'],
    [33, 'no-resource', 'NoResource'],
  ] as const) {
    fault(
      number,
      async () => {
        const { taskId, handle, events } = await recorded(script, { input: { submittedAt: ago(60) } });
        await until(async () => (await stack.status(taskId)).state === 'blocked');
        expect((await stack.status(taskId)).error).toMatchObject({ code });
        stack.emulator.script(taskId, 'finished');
        await handle.executeUpdate(messages.pollNow);
        expect(await outcomeOf(handle)).toMatchObject(finished);
        // Few: the one that was refused, perhaps the next one after 5 s, and the one that was asked for.
        expect(queriesOf(taskId).length).toBeLessThanOrEqual(3);
        expect(kinds(await events())).toEqual(['blocked', 'outcome']);
      },
      script,
    );
  }

  fault(30, async () => {
    const script = [{ polls: 1, task: { state: 'running', finishedSubTasks: 1 } }, { notFound: 'http404' }] as const;
    const { taskId, handle } = await begin(script, { input: { submittedAt: ago(60) } });
    await until(async () => (await stack.status(taskId)).images.length > 0);
    await handle.executeUpdate(messages.pollNow);
    const told = await outcomeOf(handle);
    expect(told).toMatchObject({
      status: 'notFound',
      polls: 3,
      error: { layer: 'task', code: 'NotFound' },
      subTasks: [{ status: 'finished' }, { status: 'running' }],
    });
    expect(told.images).toHaveLength(4);
    expect(await stack.status(taskId)).toMatchObject({ state: 'notFound', vendorStatus: 'running' });
  });

  fault(31, async () => {
    expect(await outcome('http-400')).toMatchObject({ status: 'failed', polls: 1, error: { code: 'Http400' } });
  });
});

describe('signing', () => {
  fault(35, async () => {
    const on = own('strict');
    const { taskId, handle } = await begin('http-500 x3, finished', { on, input: { account: 'strict' } });
    expect(await outcomeOf(handle)).toMatchObject({ ...finished, polls: 4 });
    const asked = queriesOf(taskId, on);
    // Longer than a signature is good for.
    expect((asked[3]?.atMs ?? 0) - (asked[0]?.atMs ?? 0)).toBeGreaterThan(4_000);
    expect(on.stats.unauthorised).toBe(0);
  });

  fault(36, async () => {
    const on = own('rotating');
    const { taskId, handle } = await begin('stuck', { on, input: { account: 'rotating' } });
    await on.waitForQuery(taskId, 1);
    const { appSecret } = on.rotateKey();
    writeFileSync(join(folder, 'secret'), appSecret);
    await on.waitForAny((entry) => entry.taskId === taskId && entry.poll > 1 && entry.authorised);
    on.script(taskId, 'finished');
    expect(await outcomeOf(handle)).toMatchObject(finished);
  });
});

describe('meaning', () => {
  fault(
    37,
    async () => {
      const { taskId, handle } = await begin('unknown-status always');
      await until(async () => (await client.status(taskId)).polls >= 2);
      expect(await client.status(taskId)).toMatchObject({ state: 'waiting', vendorStatus: 'post_processing' });
      stack.emulator.script(taskId, 'finished');
      expect(await outcomeOf(handle)).toMatchObject(finished);
    },
    'shown while it lasts',
  );

  fault(
    43,
    async () => {
      expect(await outcome('all-failed')).toMatchObject({ status: 'failed', polls: 2, images: [] });
    },
    'failed for good',
  );

  for (const script of [
    'finished-empty',
    'finished-no-result',
    'finished-null-result',
    'finished-no-images',
    'finished-no-inner',
  ]) {
    fault(
      44,
      async () => {
        const told = await outcome(script);
        expect(told).toMatchObject({ status: 'failed', polls: 3, images: [], error: { code: 'EmptyResult' } });
      },
      script,
    );
  }

  for (const script of ['partial', 'partial-failed']) {
    fault(
      45,
      async () => {
        const told = await outcome(script);
        expect(told).toMatchObject({ status: 'partial', subTasks: [{ status: 'finished' }, { status: 'failed' }] });
        expect(told.images).toHaveLength(4);
      },
      script,
    );
  }

  fault(46, async () => {
    const told = await outcome('fewer-images', { input: { expectedImages: 8 } });
    expect(told).toMatchObject({ ...finished, shortfall: 2 });
    expect(told.images).toHaveLength(6);
  });

  fault(47, async () => expect((await outcome('repeated-images')).images).toHaveLength(8), 'twice');
  fault(
    47,
    async () => {
      const { handle, events } = await recorded('reordered-images');
      const { images } = await outcomeOf(handle);
      const [first] = await events();
      const early = first?.kind === 'images' ? first.images : [];
      expect(images).toHaveLength(8);
      expect(early).toHaveLength(4);
      const ids = images.map(({ id }) => id);
      expect(new Set(ids).size).toBe(8);
      expect(images.map(({ subTask }) => subTask)).toEqual([...images].map(({ subTask }) => subTask).sort());
      expect(early.every(({ id, subTask }) => images.some((one) => one.id === id && one.subTask === subTask))).toBe(
        true,
      );
    },
    'in another order',
  );

  fault(
    48,
    async () => {
      const { taskId, handle, events, received } = await recorded('other-task-id x3, finished');
      await until(async () => (await received()).length > 0);
      expect((await received())[0]).toMatchObject({ kind: 'blocked', error: { layer: 'task', code: 'WrongTask' } });
      expect(await outcomeOf(handle)).toMatchObject({ ...finished, polls: 4 });
      expect(kinds(await events())).toEqual(['blocked', 'outcome']);
      expect(queriesOf(taskId)).toHaveLength(4);
    },
    'three in a row',
  );

  let thousands: Promise<{ readonly told: TryOnOutcome; readonly sent: readonly TryOnEvent[] }> | undefined;
  const thousandsTold = async () => {
    const { handle, workflowId } = await recorded('thousands-of-images');
    return { told: await outcomeOf(handle), sent: await sentBy(workflowId) };
  };

  fault(50, async () => {
    thousands ??= thousandsTold();
    const { told, sent } = await thousands;
    expect(told).toMatchObject(finished);
    const images = sent.flatMap((event) => (event.kind === 'images' ? event.images : []));
    expect(new Set(images.map(({ id }) => id)).size).toBe(6_000);
    expect(images).toHaveLength(6_000);
    for (const event of sent) {
      if (event.kind === 'images') expect(jsonBytes(event)).toBeLessThanOrEqual(limits.eventBytes);
    }
  });

  fault(
    50,
    async () => {
      const told = await outcome('beyond-the-cap', { input: { timeoutSeconds: 2 } });
      expect(told).toMatchObject({ status: 'timeout', error: { layer: 'transport', code: 'TooLarge' } });
    },
    'beyond the cap',
  );

  fault(59, async () => {
    thousands ??= thousandsTold();
    const { told, sent } = await thousands;
    expect(told.imagesOmitted).toBeGreaterThan(0);
    expect(told.images.length + (told.imagesOmitted ?? 0)).toBe(6_000);
    for (const value of [told, sent.at(-1)]) expect(jsonBytes(value)).toBeLessThanOrEqual(limits.resultBytes);
    expect(sent.at(-1)).toMatchObject({ kind: 'outcome', outcome: { imagesOmitted: told.imagesOmitted } });
  });

  for (const script of ['cut-escape-urls', 'odd-escape-urls']) {
    fault(
      58,
      async () => {
        const { taskId, handle } = await begin(script);
        const { images } = await outcomeOf(handle);
        const { data } = await query(stack.emulator, taskId);
        const sent: string[] = data.taskResult.flatMap(
          (subTask: { taskResult: { result: { imageList: { imageUrl: string }[] } } }) =>
            subTask.taskResult.result.imageList.map(({ imageUrl }) => imageUrl),
        );
        expect(images.map(({ imageUrl }) => imageUrl)).toEqual(sent);
        expect(sent).toHaveLength(8);
      },
      script,
    );
  }
});

describe('concurrency', () => {
  fault(64, async () => {
    const { taskId, handle } = await begin('stuck');
    const second = await client.start({ taskId });
    const { runId } = await handle.describe();
    expect(second.runId).toBe(runId);
    await stack.emulator.waitForQuery(taskId, 1);
    stack.emulator.script(taskId, 'finished');
    const [one, two] = await Promise.all([outcomeOf(handle), client.outcome(taskId)]);
    expect(one).toEqual(two);
    expect(queriesOf(taskId)).toHaveLength(one.polls);
  });

  fault(66, async () => {
    const gone = await stack.parent('recorder', `gone-${randomUUID()}`);
    await gone.signal('stop');
    await gone.result();
    const { handle, events } = await recorded('batches', { input: { notify: [{ workflowId: gone.workflowId }] } });
    expect(await outcomeOf(handle)).toMatchObject(finished);
    const sent = await events();
    expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => index + 1));
    expect(kinds(sent)).toEqual(['images', 'outcome']);
  });

  fault(69, async () => {
    const script = [{ task: { state: 'running', finishedSubTasks: 1 } }] as const;
    const { taskId, handle } = await begin(script, { input: { timeoutSeconds: 4 } });
    const told = await outcomeOf(handle);
    expect(told).toMatchObject({ status: 'timeout', subTasks: [{ status: 'finished' }, { status: 'running' }] });
    expect(told.images).toHaveLength(4);
    expect(told.error).toBeUndefined();
    const deadlineMs = Date.parse(told.submittedAt) + 4_000;
    expect(queriesOf(taskId).at(-1)?.atMs).toBeGreaterThanOrEqual(deadlineMs - 300);
    expect(queriesOf(taskId)).toHaveLength(told.polls);
  });
});

/** Every text in a value, payloads too. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(textOf).join('\n');
  return typeof value === 'string' ? value : '';
}

describe('secrets', () => {
  fault(74, async () => {
    const body = `app_key=${key.appKey} app_secret=${key.appSecret} sign=${'AB12'.repeat(16)}`;
    const echo = [{ http: { status: 503, body } }];
    const { taskId, handle, events } = await recorded(echo, { input: { timeoutSeconds: 2 } });
    const told = await outcomeOf(handle);
    expect(told).toMatchObject({ status: 'timeout', error: { code: 'Http503' } });
    const sent = await events();
    // Once all others are done.
    await Promise.allSettled(running.filter((_, index) => started[index] !== undefined && index < running.length - 1));
    const texts: string[] = [JSON.stringify(told), JSON.stringify(sent), ...logs];
    for (const workflowId of workflowIds) {
      for await (const event of historyOf(workflowId)) texts.push(textOf(event));
    }
    expect(texts.filter((text) => text.includes(taskId)).length).toBeGreaterThanOrEqual(4);
    expect(logs.length).toBeGreaterThan(100);
    expect(workflowIds.size).toBeGreaterThan(100);
    const all = texts.join('\n');
    const rotated = own('rotating').appSecret;
    for (const secret of [key.appKey, key.appSecret, rotated, 'AB12AB12']) expect(all).not.toContain(secret);
    expect(all).not.toMatch(/sign["']?\s*[=:]\s*["']?[0-9A-F]{32}/i);
  });
});
