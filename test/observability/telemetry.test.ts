import { readFileSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import { describe, expect, test, vi } from 'vitest';
import type { AttemptSeen } from '../../src/poll/attempt.js';
import { unpolled } from '../../src/poll/poll-state.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { apiOf } from '../../src/providers/apis.js';
import type { ExchangeResult } from '../../src/providers/exchange.js';
import { aroundAll } from '../../src/telemetry/exchange-hook.js';
import { startHealthServer } from '../../src/telemetry/health.js';
import { jsonLine } from '../../src/telemetry/json-log.js';
import { errorLabels, pollResult } from '../../src/telemetry/labels.js';
import { createTryOnMetrics } from '../../src/telemetry/metrics.js';
import { metricsExporter, runtimeOptions } from '../../src/telemetry/runtime.js';
import { readListenAddress, readTelemetrySettings } from '../../src/telemetry/settings.js';
import { traceExchange } from '../../src/telemetry/trace-exchange.js';
import { startTracing, tracingPackages } from '../../src/telemetry/tracing.js';
import { parkedCounts, waitCounts, watchWaitCounts } from '../../src/telemetry/wait-counts.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { faultName } from '../support/fault-rows.js';
import { recorder, spans } from './recorders.js';

const error = { layer: 'gateway', code: 'ApiCallLimit', message: 'too many' } as const;

describe('labels come out of small sets', () => {
  test.each([
    ['gateway', 'ApiCallLimit', 'ApiCallLimit'],
    ['gateway', 'a word of the vendor that nobody knows', 'other'],
    ['gateway', 'toString', 'other'],
    ['gateway', '__proto__', 'other'],
    ['service', '501', '501'],
    ['service', '501"} evil 1', 'other'],
    ['service', 'success=false', 'success=false'],
    ['transport', 'Timeout', 'Timeout'],
    ['transport', 'Http503', 'Http503'],
    ['transport', 'Http5030', 'other'],
    ['transport', 'Http599', 'other'],
    ['transport', '503', 'other'],
    ['task', 'NotFound', 'NotFound'],
    ['task', 'b0b6a4d0-task', 'other'],
  ] as const)('%s %s is %s', (layer, code, expected) => {
    expect(errorLabels({ layer, code, message: '' }, tryOnApi)).toEqual({ layer, code: expected });
  });

  test('the reason of a failed task keeps its name where the API has it in a table', () => {
    const { taskCodes = {} } = apiOf('dashscope');
    const codes = Object.keys(taskCodes);
    expect(codes.length).toBeGreaterThan(5);
    for (const code of codes) {
      expect(errorLabels({ layer: 'task', code, message: '' }, apiOf('dashscope')).code).toBe(code);
    }
    expect(errorLabels({ layer: 'task', code: 'InvalidPerson', message: '' }, tryOnApi).code).toBe('other');
  });

  test('every code of the tables keeps its name', () => {
    for (const code of Object.keys(tryOnApi.serviceCodes)) {
      expect(errorLabels({ layer: 'service', code, message: '' }, tryOnApi).code).toBe(code);
    }
  });

  test('the result of a poll is its classification', () => {
    expect(pollResult({ kind: 'pending', status: 'running' })).toBe('running');
    expect(pollResult({ kind: 'ended', status: 'finished' })).toBe('finished');
    expect(pollResult({ kind: 'error', class: 'throttled', error, retries: 0 })).toBe('throttled');
  });
});

describe('metrics of attempts', () => {
  const attempt = (part: Partial<AttemptSeen>): AttemptSeen => ({
    taskId: 't',
    account: 'default',
    api: 'tryon',
    submittedAtMs: 1_000,
    isFirst: false,
    isOnVendorQueue: true,
    dueAtMs: 60_000,
    startedAtMs: 60_250,
    endedAtMs: 61_000,
    state: unpolled,
    ...part,
  });
  const measure = async (...attempts: Partial<AttemptSeen>[]) => {
    const { meter, of } = recorder();
    const accounts = [{ name: 'default', queriesPerSecond: 20 }];
    const metrics = createTryOnMetrics({ meter, accounts, everyMs: 1 });
    metrics.start();
    for (const part of attempts) metrics.onAttempt(attempt(part));
    const before = of('tryon_account_condition').length;
    await expect.poll(() => of('tryon_account_condition').length).toBeGreaterThanOrEqual(before + 8);
    metrics.stop();
    return of;
  };

  test('an end records how long ago the task was last seen unfinished', async () => {
    const of = await measure({
      poll: { classification: { kind: 'ended', status: 'finished' }, queries: 2 },
      state: { ...unpolled, pendingUntilMs: 58_000 },
      end: { status: 'finished' },
      newImages: 4,
    });
    expect(of('tryon_detection_delay_seconds')).toEqual([{ value: 3, account: 'default' }]);
    expect(of('tryon_task_duration_seconds')).toEqual([{ value: 60, account: 'default' }]);
    expect(of('tryon_poll_lag_seconds')).toEqual([{ value: 0.25, account: 'default' }]);
    expect(of('tryon_images')).toEqual([{ value: 4, account: 'default' }]);
    expect(of('tryon_queries')).toEqual([{ value: 2, account: 'default' }]);
    expect(of('tryon_waits_ended')).toEqual([{ value: 1, account: 'default', status: 'finished' }]);
  });

  test('an end that no poll saw, such as a time-out, only counts as an end', async () => {
    const of = await measure({ end: { status: 'timeout' } });
    expect(of('tryon_waits_ended')).toHaveLength(1);
    expect([...of('tryon_detection_delay_seconds'), ...of('tryon_task_duration_seconds')]).toEqual([]);
    expect(of('tryon_polls_deferred')).toHaveLength(1);
  });

  const pollError = (kind: 'auth' | 'quota' | 'transient' | 'throttled'): Partial<AttemptSeen> => ({
    poll: { classification: { kind: 'error', class: kind, error, retries: 0 }, queries: 1 },
  });
  const runs: Partial<AttemptSeen> = { poll: { classification: { kind: 'pending', status: 'running' }, queries: 1 } };
  test.each([
    ['a refused key blocks the account', [pollError('auth')], 1],
    ['a spent quota blocks it too', [pollError('quota')], 1],
    [
      'an outage or a throttle meanwhile changes nothing',
      [pollError('auth'), pollError('transient'), pollError('throttled')],
      1,
    ],
    ['an answer unblocks it', [pollError('auth'), runs], 0],
    ['a throttle of the vendor does not block it', [pollError('throttled')], 0],
  ])('%s', async (_what, attempts, expected) => {
    const of = await measure(...attempts);
    const blocked = of('tryon_account_condition').filter(
      (one) => (one as unknown as { condition: string }).condition === 'blocked',
    );
    expect(blocked.at(-1)?.value).toBe(expected);
  });

  test(faultName(82, 'accounts that callers invent and codes that vendors invent make no time series'), async () => {
    const { meter, series } = recorder();
    const accounts = [{ name: 'default', queriesPerSecond: 20 }];
    const metrics = createTryOnMetrics({ meter, accounts });
    const seenOf = async (account: string, code: string, httpStatus: number) => {
      const invented = { layer: 'service', code, message: '' } as const;
      const classification = { kind: 'error', class: 'transient', error: invented, retries: 0 } as const;
      const end = { status: 'failed', error: { ...invented, layer: 'task' } } as const;
      metrics.onAttempt(attempt({ account, newImages: 1, poll: { classification, queries: 1 }, end }));
      metrics.onAttempt(attempt({ account }));
      const about = { account, origin: 'http://127.0.0.1', path: '/' };
      await metrics.aroundExchange(about, async () => ({ kind: 'body', body: '', facts: { httpStatus } }) as never);
    };
    await seenOf('default', '501', 200);
    await seenOf('invented', 'invented', 999);
    const before = series();
    expect(before.join()).not.toContain('invented');
    for (let k = 0; k < 200; k += 1) await seenOf(`invented-${k}`, `code-${k}`, 600 + k);
    expect(series()).toEqual(before);
  });

  test('a failing meter breaks no poll', () => {
    const fails = () => {
      throw new Error('no meter');
    };
    const { meter } = recorder();
    const broken = { ...meter, createHistogram: () => ({ record: fails }) } as unknown as typeof meter;
    const metrics = createTryOnMetrics({ meter: broken, accounts: [] });
    metrics.start();
    expect(() => metrics.onAttempt(attempt({}))).not.toThrow();
    metrics.stop();
  });
});

describe('counts of open waits', () => {
  const accounts = [{ name: 'default' }, { name: 'eu-shop' }];
  const open = "WorkflowType = 'tryOnResults' AND TaskQueue = 'tryon' AND ExecutionStatus = 'Running'";

  test('are one for each account and state if the namespace has the search attributes', () => {
    const counts = waitCounts('tryon', accounts, ['TryOnStatus', 'TryOnAccount']);
    expect(counts.map(({ labels }) => `${labels.account} ${labels.state}`)).toEqual([
      'default waiting',
      'default blocked',
      'eu-shop waiting',
      'eu-shop blocked',
    ]);
    expect(counts[3]?.query).toBe(`${open} AND TryOnAccount = 'eu-shop' AND TryOnStatus = 'blocked'`);
  });

  test('are one in all if it has none', () => {
    expect(waitCounts('tryon', accounts, [])).toEqual([{ query: open, labels: { account: 'any', state: 'waiting' } }]);
  });

  test('do not count a wait twice once the namespace has them', async () => {
    const { meter, of } = recorder();
    let registered: string[] = [];
    const client = { workflow: { count: async () => ({ count: 5, groups: [] }) } } as unknown as Client;
    const searchAttributes = () => registered;
    const counts = watchWaitCounts({ meter, client, taskQueue: 'q', accounts, searchAttributes, everyMs: 1 });
    const any = () => of('tryon_waits').filter((one) => (one as unknown as { account: string }).account === 'any');
    await expect.poll(() => any().at(-1)?.value).toBe(5);
    registered = ['TryOnStatus', 'TryOnAccount'];
    await expect.poll(() => any().at(-1)?.value).toBe(0);
    const last = { value: 5, account: 'eu-shop', state: 'blocked' };
    await expect.poll(() => of('tryon_waits')).toContainEqual(last);
    await counts.stop();
  });

  test('make one call at a time, however many accounts there are', async () => {
    vi.useFakeTimers();
    const count = vi.fn(async (_query: string) => ({ count: 1, groups: [] }));
    const many = Array.from({ length: 20 }, (_, index) => ({ name: `shop-${index}` }));
    const counts = watchWaitCounts({
      meter: recorder().meter,
      client: { workflow: { count } } as unknown as Client,
      ...{ taskQueue: 'q', accounts: many, searchAttributes: () => ['TryOnStatus', 'TryOnAccount'] },
    });
    await vi.advanceTimersByTimeAsync(20 * 60_000 - 1);
    // Each account is counted in both states once in as many minutes as there are accounts.
    expect(count).toHaveBeenCalledTimes(40);
    expect(new Set(count.mock.calls.map(([query]) => query)).size).toBe(40);
    await counts.stop();
    vi.useRealTimers();
  });

  test('of jobs that may have been submitted need the search attributes', () => {
    expect(parkedCounts('tryon', accounts, ['TryOnAccount'])).toEqual([]);
    const [, parked] = parkedCounts('tryon', accounts, ['TryOnStatus', 'TryOnAccount']);
    expect(parked).toEqual({
      query:
        "WorkflowType = 'tryOnJob' AND TaskQueue = 'tryon' AND ExecutionStatus = 'Running' AND TryOnStatus = 'maybeSubmitted' AND TryOnAccount = 'eu-shop'",
      labels: { account: 'eu-shop' },
    });
  });

  test('quote the name of the queue', () => {
    expect(waitCounts("a' OR '1", accounts, [])[0]?.query).toContain("TaskQueue = 'a\\' OR \\'1' AND");
  });
});

describe('settings', () => {
  const read = (env: Record<string, string>) => readTelemetrySettings(env);

  test('turn nothing on by default', () => {
    expect(read({})).toEqual({
      telemetry: { metrics: { kind: 'none' }, serviceName: 'temporal-tryon', logFormat: 'text' },
      problems: [],
    });
  });

  test.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    [':9464', { host: '0.0.0.0', port: 9464 }],
    ['localhost:0', { host: '127.0.0.1', port: 0 }],
    ['worker.example:9464', undefined],
    ['127.0.0.256:9464', undefined],
    ['9464', undefined],
    ['127.0.0.1:65536', undefined],
    ['http://127.0.0.1:1', undefined],
  ])('the address %s is read as %o', (text, expected) => {
    expect(readListenAddress(text)).toEqual(expected);
  });

  test('send metrics and traces to a collector', () => {
    const { telemetry, problems } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/' });
    expect(problems).toEqual([]);
    expect(telemetry.tracesEndpoint).toBe('http://127.0.0.1:4318');
    expect(telemetry.metrics).toMatchObject({ kind: 'otlp', url: 'http://127.0.0.1:4318/v1/metrics', isHttp: true });
    expect(metricsExporter(telemetry.metrics)).toMatchObject({ otel: { http: true } });
  });

  test('with a Prometheus endpoint send only traces to the collector', () => {
    const { telemetry } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4318', TRYON_METRICS_ADDRESS: '[::1]:9464' });
    expect(telemetry.metrics).toEqual({ kind: 'prometheus', bindAddress: '[::1]:9464' });
    expect(telemetry.tracesEndpoint).toBe('http://x:4318');
  });

  test('turn metrics or traces off', () => {
    const to = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4318' };
    expect(read({ ...to, OTEL_TRACES_EXPORTER: 'none' }).telemetry.tracesEndpoint).toBeUndefined();
    expect(read({ ...to, OTEL_METRICS_EXPORTER: 'none' }).telemetry.metrics.kind).toBe('none');
  });

  test('take gRPC for metrics alone', () => {
    const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    expect(read(grpc).problems).toEqual([expect.stringContaining('OTEL_TRACES_EXPORTER=none')]);
    const { telemetry, problems } = read({ ...grpc, OTEL_TRACES_EXPORTER: 'none' });
    expect(problems).toEqual([]);
    expect(telemetry.metrics).toMatchObject({ kind: 'otlp', url: 'http://x:4317', isHttp: false });
  });

  test('of a worker report every mistake, but no password', () => {
    const settings = readWorkerSettings({
      AIDGE_APP_KEY: 'k',
      AIDGE_APP_SECRET: 's',
      TRYON_METRICS_ADDRESS: 'everywhere',
      TRYON_HEALTH_ADDRESS: '1',
      TRYON_LOG_FORMAT: 'xml',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:hunter2@collector',
    });
    const problems = settings.ok ? [] : settings.problems;
    expect(problems.map((line) => line.split(' ')[0])).toEqual([
      'TRYON_METRICS_ADDRESS',
      'TRYON_HEALTH_ADDRESS',
      'TRYON_LOG_FORMAT',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('the logs of the native part go through the logger too, which cleans them', () => {
    const logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };
    expect(runtimeOptions({ metrics: { kind: 'none' } }, logger).telemetryOptions?.logging).toMatchObject({
      forward: {},
    });
  });
});

describe('JSON log lines', () => {
  const entry = { level: 'INFO', message: 'polled', timestampNanos: 1_700_000_000_123_456_789n };

  test('have time, level, message and metadata, and the task id from the workflow id', () => {
    expect(JSON.parse(jsonLine({ ...entry, meta: { workflowId: 'tryon-results-42', attempt: 3 } }))).toEqual({
      time: '2023-11-14T22:13:20.123Z',
      level: 'INFO',
      message: 'polled',
      taskId: '42',
      workflowId: 'tryon-results-42',
      attempt: 3,
    });
    expect(JSON.parse(jsonLine({ ...entry, meta: { workflowId: 'tryon-listing-coats' } }))).toMatchObject({
      listingId: 'coats',
    });
  });

  test('are one line, whatever the message', () => {
    const line = jsonLine({ ...entry, message: 'a\nb\u2028c\u0085d\u001b[31m\u202e\ud800' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(JSON.parse(line).message).toMatch(/^a\nb/);
  });

  test('have errors with their causes, and leave out what cannot be written', () => {
    const cause = new TypeError('deep');
    const written = JSON.parse(jsonLine({ ...entry, meta: { error: new Error('no', { cause }), count: 3n } }));
    expect(written).toMatchObject({ error: { name: 'Error', message: 'no', cause: { message: 'deep' } }, count: '3' });
    const loop: Record<string, unknown> = { workflowId: 'tryon-results-42' };
    loop.self = loop;
    expect(JSON.parse(jsonLine({ ...entry, meta: loop }))).toMatchObject({ message: 'polled', taskId: '42' });
  });
});

describe('health', () => {
  test('is a status code and JSON, also if readiness cannot be found out', async () => {
    let ready = async () => ({ isReady: true, checks: { server: true } });
    const server = await startHealthServer({ host: '127.0.0.1', port: 0 }, () => ready());
    const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    try {
      expect(await (await ask('/readyz')).json()).toEqual({ status: 'ready', checks: { server: true } });
      ready = async () => ({ isReady: false, checks: { server: false } });
      expect((await ask('/readyz?verbose')).status).toBe(503);
      ready = () => Promise.reject(new Error('gone'));
      expect((await ask('/readyz')).status).toBe(503);
      expect((await ask('/healthz', 'HEAD')).status).toBe(200);
      expect((await ask('/healthz', 'POST')).status).toBe(405);
      expect((await ask('/metrics')).status).toBe(404);
    } finally {
      await server.close();
    }
    await expect(ask('/healthz')).rejects.toThrow();
  });
});

describe('traces', () => {
  const about = { account: 'default', origin: 'https://api.example:8443', path: '/rest/x' };
  const body: ExchangeResult = { kind: 'body', facts: { httpStatus: 200 }, text: '' };
  const timeout: ExchangeResult = {
    kind: 'fault',
    fault: { kind: 'fault', code: 'Timeout', message: 'x' },
    neverSent: false,
    staleSocket: false,
  };

  test.each([
    ['an answer', async () => body, { 'http.response.status_code': 200 }, undefined],
    ['a fault', async () => timeout, { 'error.type': 'Timeout' }, 2],
    ['a cancellation', () => Promise.reject(new Error('stop')), { 'error.type': 'cancelled' }, 2],
  ] as const)('%s is one span that ends', async (_what, send, attributes, status) => {
    const { kept, tracer } = spans();
    await traceExchange(tracer)(about, send).catch(() => undefined);
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({ name: 'POST /rest/x', isEnded: true, attributes });
    expect(kept[0]?.attributes).toMatchObject({ 'server.address': 'api.example', 'server.port': 8443 });
    expect(kept[0]?.status).toBe(status);
  });

  test('hooks are nested, the first outermost', async () => {
    const order: string[] = [];
    const hook = (name: string) => async (_about: unknown, send: () => Promise<ExchangeResult>) => {
      order.push(name);
      const exchanged = await send();
      order.push(`${name} done`);
      return exchanged;
    };
    expect(aroundAll([undefined])).toBeUndefined();
    await aroundAll([hook('a'), undefined, hook('b')])?.(about, async () => body);
    expect(order).toEqual(['a', 'b', 'b done', 'a done']);
  });

  test.each(Object.keys(tracingPackages))(
    'without %s the error names it and the command that adds it',
    async (missing) => {
      const load = async (name: string): Promise<unknown> => {
        if (name === missing) throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' });
        return {};
      };
      const error = await startTracing({ to: 'http://127.0.0.1:4318', serviceName: 'x', load }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'BadConfig' });
      expect(String(error)).toContain(`traces need ${missing}, which is not installed; add it with \`npm install`);
      const page = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8');
      const named = `${missing}@${tracingPackages[missing as keyof typeof tracingPackages]}`;
      expect(String(error)).toContain(named);
      expect(page).toContain(named);
    },
  );
});
