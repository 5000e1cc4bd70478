import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  type TryOnResultsInput,
  workflowTypes,
} from '../../src/contract.js';
import { freePort } from '../../src/dev-server/temporal-server.js';
import { createEncryptionCodec, TryOnPlugin } from '../../src/index.js';
import { startTracing, type Tracing } from '../../src/telemetry/tracing.js';
import { type Emulator, type Script, startEmulator } from '../../src/testing.js';
import { workflowSource } from '../../src/worker/bundle.js';
import { alerts, dashboard, deployed, forAllAccounts, queryOf } from '../observability/deployed.js';
import { type OtlpReceiver, type Span, startOtlpReceiver } from '../observability/otlp-receiver.js';
import { type Prometheus, startPrometheus } from '../observability/prometheus.js';
import { recorder, spans } from '../observability/recorders.js';
import { startWorkerProcess, type WorkerProcess } from '../observability/worker-process.js';
import { quiet, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';

const temporal = inject('temporal');
const taskQueue = `observed-${randomUUID()}`;
const never = { task: { state: 'running' } } as const;
const runs = { ...never, polls: 1 } as const;
const finished = { task: { state: 'finished' } } as const;
const [key, secret] = [`key-${randomBytes(6).toString('hex')}`, `secret-${randomBytes(6).toString('hex')}`];
let emulator: Emulator;
let connection: Connection;
let otlp: OtlpReceiver;
let worker: WorkerProcess;
let healthUrl: string;
let metricsUrl: string;

const scripts: Script[] = [
  [{ use: 'http-500' }, runs, finished],
  [{ use: 'api-call-limit-zero' }, runs, finished],
  [runs, finished],
  [runs, { task: { state: 'failed' } }],
];

/** Waits that end: of each script one after another, and two that stay open. */
function startTraffic(client: Client): { stop(): Promise<void> } {
  const open = new Set<WorkflowHandle>();
  let isOver = false;
  const wait = async (script: Script, more = {}): Promise<void> => {
    const handle = await start(client, emulator.addTask({ script }), more);
    open.add(handle);
    await handle.result().catch((error: unknown) => {
      if (!isOver) throw error;
    });
    open.delete(handle);
  };
  const lane = async (script: Script): Promise<void> => {
    while (!isOver) await wait(script);
  };
  const busy = Promise.all([...scripts.map(lane), wait([never]), wait([never], { account: 'eu-shop' })]);
  return {
    async stop() {
      isOver = true;
      // One may have ended by itself in this moment.
      await Promise.allSettled([...open].map((handle) => handle.terminate()));
      await busy;
    },
  };
}

/** What only alerts tell of: a wait that no worker polls, one whose input no worker can read, and a report that comes too late. */
async function startFaults(client: Client): Promise<{ stop(): Promise<void> }> {
  const key = `other:${randomBytes(32).toString('base64')}`;
  const dataConverter = { payloadCodecs: [createEncryptionCodec({ keys: key })] };
  const encrypting = new Client({ connection, dataConverter });
  const unreadable = await start(encrypting, emulator.addTask({ script: [never] }));
  const unpolled = await start(client, emulator.addTask({ script: [never] }), { account: 'nobody', timeoutSeconds: 1 });
  const taskId = emulator.addTask({ script: [{ use: 'slow', seconds: 2 }] });
  const late = await start(client, taskId, { submittedAt: '2020-01-01T00:00:00Z' });
  await emulator.waitForQuery(taskId);
  await late.terminate();
  return {
    async stop() {
      await Promise.allSettled([unreadable, unpolled].map((handle) => handle.terminate()));
    },
  };
}

const start = (client: Client, taskId: string, more: Partial<TryOnResultsInput> = {}): Promise<WorkflowHandle> =>
  client.workflow.start(workflowTypes.results, {
    taskQueue,
    workflowId: resultsWorkflowId(taskId),
    args: [{ taskId, ...more }],
  });

const statusOf = async (path: string): Promise<number> => {
  const response = await fetch(`${healthUrl}${path}`).catch(() => undefined);
  return response?.status ?? 0;
};

beforeAll(async () => {
  quiet();
  emulator = await startEmulator({
    seed: 60_606,
    accounts: [
      { appKey: '512345', appSecret: 'emulated-secret' },
      { name: 'eu-shop', appKey: key, appSecret: secret, ipRefused: true },
    ],
  });
  connection = await Connection.connect({ address: temporal.address });
  otlp = await startOtlpReceiver();
  healthUrl = `http://127.0.0.1:${await freePort()}`;
  metricsUrl = `http://127.0.0.1:${await freePort()}`;
  worker = await startWorkerProcess({
    ...workerEnv(emulator, taskQueue),
    AIDGE_EU_SHOP_APP_KEY: key,
    AIDGE_EU_SHOP_APP_SECRET: secret,
    TEMPORAL_ADDRESS: temporal.address,
    TRYON_HEALTH_ADDRESS: new URL(healthUrl).host,
    TRYON_METRICS_ADDRESS: new URL(metricsUrl).host,
    TRYON_LOG_FORMAT: 'json',
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
});

afterAll(async () => {
  await worker?.stop('SIGKILL');
  await connection?.close();
  await otlp?.close();
  await emulator?.close();
});

describe('a worker with metrics, watched by a real Prometheus', () => {
  let prometheus: Prometheus;
  let traffic: ReturnType<typeof startTraffic>;
  let faults: Awaited<ReturnType<typeof startFaults>>;
  beforeAll(async () => {
    prometheus = await startPrometheus(new URL(metricsUrl).host, deployed('alerts.yml'));
    traffic = startTraffic(new Client({ connection }));
    faults = await startFaults(new Client({ connection }));
  });
  afterAll(async () => {
    await faults?.stop();
    await traffic?.stop();
    await prometheus?.stop();
  });

  test.each(dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target }))))(
    'the panel "$title" has data for $expr',
    async ({ expr, legendFormat }) => {
      let samples = await prometheus.query(forAllAccounts(expr));
      await until(async () => {
        samples = await prometheus.query(forAllAccounts(expr));
        return samples.some(({ value }) => Number.isFinite(value));
      });
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        expect(Object.keys(samples[0]?.labels ?? {})).toContain(label);
      }
    },
  );

  test.each(alerts)('the query of the alert $alert has data', async (alert) => {
    // This server throttles nobody; other failures have the same labels.
    const query = queryOf(alert).replaceAll('RESOURCE_EXHAUSTED', 'NOT_FOUND');
    await until(async () => {
      const samples = await prometheus.query(query);
      return samples.some(({ value }) => Number.isFinite(value));
    });
  });

  test('Prometheus takes the rules, and evaluates each without an error', async () => {
    await until(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'));
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name)).toEqual(alerts.map(({ alert }) => alert));
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  test('errors, throttles, the blocked account and images are told as they are', async () => {
    await until(
      async () => (await prometheus.query('tryon_poll_errors_total{code="Http500",layer="transport"} > 0')).length > 0,
    );
    await until(async () => (await prometheus.query('tryon_polls_total{result="throttled"} > 0')).length > 0);
    await until(async () => (await prometheus.query('tryon_account_condition{condition="blocked"} == 1')).length > 0);
    const blocked = await prometheus.query('tryon_account_condition{condition="blocked"} == 1');
    expect(blocked.map(({ labels }) => labels.account)).toEqual(['eu-shop']);
    const [images] = await prometheus.query(
      'sum(tryon_images_total) / sum(tryon_waits_ended_total{status="finished"})',
    );
    expect(images?.value).toBe(8);
    const [budget] = await prometheus.query('tryon_budget_queries_per_second{account="default"}');
    expect(budget?.value).toBe(1000);
  });

  test('a wait that nobody polled and a workflow task that fails have the labels that the alerts show', async () => {
    const [overdue] = await prometheus.query('tryon_waits_overdue_total');
    expect(overdue).toMatchObject({ value: 1, labels: { code: 'NoWorker', taskQueue } });
    expect(overdue?.labels).not.toHaveProperty('account');
    const [failing] = await prometheus.query('temporal_workflow_task_execution_failed_total > 0');
    expect(failing?.labels).toMatchObject({ failure_reason: 'WorkflowError', task_queue: taskQueue });
  });

  test('no series carries a task, a workflow, a key or a secret', async () => {
    const text = await (await fetch(`${metricsUrl}/metrics`)).text();
    expect(text).toContain('tryon_polls_total{');
    expect(text).toContain('temporal_request_total{');
    const ids = emulator.queries.map(({ taskId }) => taskId).filter((taskId) => taskId !== undefined);
    expect(ids.length).toBeGreaterThan(3);
    for (const word of [...ids, key, secret, emulator.appSecret]) expect(text.includes(word), word).toBe(false);
  });
});

describe('one trace', () => {
  let tracing: Tracing;
  beforeAll(async () => {
    tracing = await startTracing({ to: otlp.url, serviceName: 'storefront' });
  });
  afterAll(() => tracing?.shutdown());

  test('leads from the service by workflow, activity and vendor to the signal of the parent', async () => {
    const client = new Client({ connection, plugins: [tracing.plugin] });
    const taskId = emulator.addTask({ script: [runs, finished] });
    const listingId = randomUUID();
    const workflowId = listingWorkflowId(listingId);
    await client.workflow.execute(workflowTypes.listing, {
      taskQueue,
      workflowId,
      args: [{ listingId, tasks: [{ taskId }] }],
    });
    const begun = () =>
      otlp.spans.find(
        ({ name, attributes }) => name === 'StartWorkflow:tryOnListing' && attributes.temporalWorkflowId === workflowId,
      );
    const inTrace = (name: string): Span[] =>
      otlp.spans.filter((span) => span.name === name && span.traceId === begun()?.traceId);
    const vendor = 'POST /rest/ai/virtual/tryon-results';
    await until(() =>
      ['RunWorkflow:tryOnListing', 'RunWorkflow:tryOnResults', 'HandleSignal:tryOnEvent'].every(
        (name) => inTrace(name).length > 0,
      ),
    );
    await until(() => inTrace(vendor).length === 2);
    /** Names from a span up to its trace's beginning. */
    const path = (span: Span | undefined): string[] =>
      span === undefined ? [] : [span.name, ...path(otlp.spans.find(({ spanId }) => spanId === span.parentSpanId))];
    const [, last] = inTrace(vendor);
    expect(last).toMatchObject({
      service: 'temporal-tryon',
      kind: 3,
      attributes: { 'http.response.status_code': 200, 'tryon.account': 'default' },
    });
    expect(path(last)).toEqual([
      vendor,
      'RunActivity:tryOnPoll',
      'StartActivity:tryOnPoll',
      'RunWorkflow:tryOnResults',
      'StartChildWorkflow:tryOnResults',
      'RunWorkflow:tryOnListing',
      'StartWorkflow:tryOnListing',
    ]);
    expect(begun()?.service).toBe('storefront');
    const [told] = inTrace('HandleSignal:tryOnEvent');
    expect(path(told).slice(0, 3)).toEqual([
      'HandleSignal:tryOnEvent',
      'SignalWorkflow:tryOnEvent',
      'RunWorkflow:tryOnResults',
    ]);
    // One span for each attempt; "not yet" is no error.
    const attempts = inTrace('RunActivity:tryOnPoll').map(({ status }) => status);
    expect(attempts.length).toBeGreaterThanOrEqual(2);
    expect(attempts).toEqual([...attempts.slice(1).map(() => 0), 1]);
  });

  test('a history recorded with traces, updates too, replays without them', async () => {
    const client = new Client({ connection, plugins: [tracing.plugin] });
    const taskId = emulator.addTask({ script: [{ ...runs, polls: 3 }, finished] });
    const handle = await start(client, taskId);
    await handle.executeUpdate(messages.pollNow);
    await handle.executeUpdate(messages.setTimeout, { args: [{ timeoutSeconds: 60 }] });
    await handle.result();
    const logger = new DefaultLogger('ERROR');
    const workflowBundle = await bundleWorkflowCode({ ...workflowSource, logger });
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());
    await until(() => otlp.spans.some(({ name }) => name === `HandleUpdate:${messages.pollNow}`));
  });

  test('nothing that was sent holds a key, a secret or a signature', () => {
    const sent = otlp.bodies.join('\n');
    expect(sent).toContain('tryon-results');
    expect(sent).not.toMatch(/[0-9A-F]{64}/);
    for (const word of [key, secret, emulator.appKey, emulator.appSecret, 'sign=', 'app_key']) {
      expect(sent.includes(word), word).toBe(false);
    }
  });

  test('metrics do not go there as well', () => {
    expect([...otlp.paths.keys()]).toEqual(['/v1/traces']);
  });
});

describe('health', () => {
  test('a worker that polls is alive and ready, and says what it polls', async () => {
    expect(await statusOf('/healthz')).toBe(200);
    await until(async () => (await statusOf('/readyz')) === 200);
    const { checks } = (await (await fetch(`${healthUrl}/readyz`)).json()) as { checks: object };
    expect(checks).toEqual({
      [taskQueue]: true,
      [`${taskQueue}-vendor`]: true,
      [`${taskQueue}-vendor-eu-shop`]: true,
      [`${taskQueue}-submit`]: true,
      [`${taskQueue}-submit-eu-shop`]: true,
      server: true,
    });
    expect(await statusOf('/')).toBe(404);
  });
});

describe('logs', () => {
  test('are JSON, one object a line, with task and workflow ids', () => {
    const entries = worker.lines.map((line) => JSON.parse(line));
    expect(entries).toContainEqual(
      expect.objectContaining({ level: 'INFO', message: expect.stringContaining(`running on ${taskQueue}`) }),
    );
    const ofTask = entries.filter(({ taskId }) => taskId !== undefined);
    expect(ofTask.length).toBeGreaterThan(0);
  });
});

test('a worker that drains is not ready any more, still alive, and ends with 0', async () => {
  // A poll under way holds the worker up.
  const taskId = emulator.addTask({ script: [{ use: 'slow', seconds: 4 }] });
  const slow = await start(new Client({ connection }), taskId);
  await emulator.waitForQuery(taskId);
  const ended = worker.stop();
  await until(async () => (await statusOf('/readyz')) === 503);
  expect(await statusOf('/healthz')).toBe(200);
  expect(await ended).toBe(0);
  await slow.terminate();
});

test("a worker of one's own measures and traces with the plugin's meter and tracer", async () => {
  const { meter, of } = recorder();
  const { kept, tracer } = spans();
  const queue = `observed-own-${randomUUID()}`;
  const env = workerEnv(emulator, 'not-read');
  const native = await NativeConnection.connect({ address: temporal.address });
  try {
    const own = await Worker.create({
      connection: native,
      taskQueue: queue,
      workflowsPath: fileURLToPath(new URL('../support/own-workflows.ts', import.meta.url)),
      plugins: [new TryOnPlugin({ env, meter, tracer })],
    });
    const taskId = emulator.addTask({ script: [finished] });
    await own.runUntil(
      new Client({ connection }).workflow.execute(workflowTypes.results, {
        taskQueue: queue,
        workflowId: resultsWorkflowId(taskId),
        args: [{ taskId }],
      }),
    );
  } finally {
    await native.close();
  }
  expect(of('tryon_images')).toEqual([{ value: 8, account: 'default' }]);
  expect(of('tryon_waits')).toContainEqual({ value: 0, account: 'default', state: 'waiting' });
  expect(of('tryon_vendor_request_duration_seconds')).toMatchObject([{ account: 'default', result: '200' }]);
  expect(kept).toMatchObject([{ name: 'POST /rest/ai/virtual/tryon-results', isEnded: true }]);
});

test.each(['TRYON_METRICS_ADDRESS', 'TRYON_HEALTH_ADDRESS'])(
  'an address that is taken is told by %s',
  async (variable) => {
    const taken = { ...workerEnv(emulator, taskQueue), [variable]: new URL(emulator.url).host };
    const started = startWorkerProcess({ ...taken, TEMPORAL_ADDRESS: temporal.address });
    await expect(started).rejects.toThrow(`${variable} cannot be listened on`);
  },
);
