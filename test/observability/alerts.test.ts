import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { alertCases, type Series, throttledLongPolls } from './alert-cases.js';
import { alerts, deployed } from './deployed.js';
import { type FiringAlert, type Prometheus, startPrometheus } from './prometheus.js';

const run = promisify(execFile);
const names = alerts.map(({ alert }) => alert);
const STEP_SECONDS = 30;
/** Later than every window and duration of the rules. */
const EVALUATED_AT_SECONDS = 6_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-alerts-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** In promtool's notation: `_x3 1+2x5` is three gaps, then 1, 3, 5, ... */
function promtoolSeries({ name, start = 0, perSecond = 0, fromSeconds = 0 }: Series) {
  const gaps = fromSeconds / STEP_SECONDS;
  const values = `${start}+${perSecond * STEP_SECONDS}x${EVALUATED_AT_SECONDS / STEP_SECONDS}`;
  return { series: name, values: gaps > 0 ? `_x${gaps} ${values}` : values };
}

/** A rule with its real windows and durations: how often it fires at a moment, with these series. */
interface RuleCase {
  readonly alert: string;
  readonly series: readonly Series[];
  readonly firing: number;
  readonly atSeconds?: number;
}

/** What promtool says of those that are not as expected; empty where all are. One run, since each takes its time. */
async function evaluated(cases: readonly RuleCase[]): Promise<string> {
  const file = join(folder, 'cases.json');
  const tests = cases.map(({ alert, series, firing, atSeconds = EVALUATED_AT_SECONDS }) => ({
    interval: `${STEP_SECONDS}s`,
    input_series: series.map(promtoolSeries),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
        eval_time: `${atSeconds}s`,
        exp_samples: firing === 0 ? [] : [{ labels: '{}', value: firing }],
      },
    ],
  }));
  const content = { rule_files: [deployed('alerts.yml')], evaluation_interval: `${STEP_SECONDS}s`, tests };
  await writeFile(file, JSON.stringify(content));
  return run('promtool', ['test', 'rules', file]).then(
    () => '',
    (error: Error & { stdout?: string; stderr?: string }) =>
      `${error.message}${error.stdout ?? ''}${error.stderr ?? ''}; apt-get install prometheus`,
  );
}

test('every alert has a case', () => {
  expect(Object.keys(alertCases).sort()).toEqual([...names].sort());
});

describe('with its own windows and durations', () => {
  const up = (instance: string, value: number): Series => ({
    name: `up{job="temporal-tryon",instance="${instance}"}`,
    start: value,
  });
  const overdue = 'tryon_waits_overdue_total{code="NoWorker"}';

  test('each alert fires where it must', async () => {
    const each = Object.entries(alertCases).map(([alert, { fires }]) => ({
      alert,
      series: fires,
      firing: 1,
    }));
    const more: RuleCase[] = [
      { alert: 'TryOnNoWorker', series: [up('a', 0)], firing: 1 },
      { alert: 'TryOnServerThrottles', series: [throttledLongPolls], firing: 1 },
      {
        // On a worker that has just started.
        alert: 'TryOnWaitsOverdue',
        series: [{ name: overdue, start: 1, fromSeconds: 2_400 }],
        firing: 1,
        atSeconds: 2_700,
      },
    ];
    expect(await evaluated([...each, ...more])).toBe('');
  });

  test('each alert stays quiet where it must', async () => {
    const each = Object.entries(alertCases).map(([alert, { stays }]) => ({
      alert,
      series: stays,
      firing: 0,
    }));
    const more: RuleCase[] = [
      { alert: 'TryOnNoWorker', series: [up('a', 0), up('b', 1)], firing: 0 },
      {
        // Once, long ago.
        alert: 'TryOnWaitsOverdue',
        series: [{ name: overdue, start: 1, fromSeconds: 2_400 }],
        firing: 0,
      },
    ];
    expect(await evaluated([...each, ...more])).toBe('');
  });

  test('a rule that does not fire as expected is found', async () => {
    expect(await evaluated([{ alert: 'TryOnNoWorker', series: [up('a', 1)], firing: 1 }])).toContain('TryOnNoWorker');
  });
});

/** A worker's metrics endpoint, with series of our own. */
async function startExporter(series: readonly Series[]): Promise<Server> {
  const startedMs = performance.now();
  const server = createServer((_request, response) => {
    const seconds = (performance.now() - startedMs) / 1_000;
    const lines = series.map(({ name, start = 0, perSecond = 0 }) => `${name} ${start + perSecond * seconds}`);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`${lines.join('\n')}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('a real Prometheus that scrapes a worker with every fault', () => {
  let exporter: Server;
  let prometheus: Prometheus;
  const fired = new Map<string, FiringAlert>();
  const collect = async () => {
    for (const alert of await prometheus.firing()) fired.set(alert.labels.alertname ?? '', alert);
  };

  beforeAll(async () => {
    // Nobody waits for a quarter of an hour here: the same rules, with seconds in place of minutes.
    const rules = (await readFile(deployed('alerts.yml'), 'utf8'))
      .replaceAll(/\[\d+[mh]\]/g, '[3s]')
      .replaceAll(/offset \d+m/g, 'offset 3s')
      .replaceAll(/for: \d+m/g, 'for: 1s');
    const file = join(folder, 'alerts.yml');
    await writeFile(file, rules);
    const bad = new Map(
      Object.values(alertCases)
        .flatMap(({ fires }) => fires)
        .map((series) => [series.name, series]),
    );
    exporter = await startExporter([...bad.values()]);
    prometheus = await startPrometheus(`127.0.0.1:${(exporter.address() as AddressInfo).port}`, file);
  });
  afterAll(async () => {
    await prometheus?.stop();
    exporter?.closeAllConnections();
    exporter?.close();
  });

  test('fires all of them but the one for a worker that is gone', async () => {
    const others = names.filter((name) => name !== 'TryOnNoWorker');
    await until(async () => {
      await collect();
      return others.every((name) => fired.has(name));
    });
    // Before the first scrape there is none.
    await until(async () => !(await prometheus.firing()).some(({ labels }) => labels.alertname === 'TryOnNoWorker'));
    fired.delete('TryOnNoWorker');
    expect([...fired.keys()].sort()).toEqual(others.sort());
  });

  test('and that one when the worker is gone', async () => {
    exporter.closeAllConnections();
    await new Promise((resolve) => exporter.close(resolve));
    await until(async () => {
      await collect();
      return fired.has('TryOnNoWorker');
    });
  });

  test('with texts in which every label and value is filled in', () => {
    for (const { annotations } of fired.values()) {
      const text = Object.values(annotations).join('\n');
      expect(text).not.toMatch(/<no value>|<error|\{\{|%!/);
    }
    expect(fired.get('TryOnWorkflowTasksFail')?.annotations.summary).toContain('NonDeterminismError');
    expect(fired.get('TryOnWaitsOverdue')?.annotations.summary).toContain('(NoWorker)');
    expect(fired.get('TryOnAccountBlocked')?.annotations.summary).toContain('eu-shop');
  });
});
