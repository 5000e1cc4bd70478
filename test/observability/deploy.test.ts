import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { metricNames } from '../../src/telemetry/metrics.js';
import { alerts, dashboard, deployed, queryOf } from './deployed.js';

const run = promisify(execFile);
const promtool = (...args: string[]) =>
  run('promtool', args).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`${error.message}; ${error.stdout ?? ''}${error.stderr ?? ''}; apt-get install prometheus`);
  });
const targets = dashboard.panels.flatMap(({ targets = [] }) => targets);
const queries = [...targets.map(({ expr }) => expr), ...alerts.map(queryOf)];

describe('Prometheus', () => {
  test('promtool accepts the configuration and its rules', async () => {
    const { stdout } = await promtool('check', 'config', deployed('prometheus.yml'));
    expect(stdout).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  test('each alert has a severity, a duration, a description, a row in the docs and a section of the runbook', () => {
    const page = readFileSync(deployed('../docs/observability.md'), 'utf8');
    const runbook = readFileSync(deployed('../docs/runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(sections).toEqual(alerts.map(({ alert }) => alert));
    for (const { alert, for: lasting, labels, annotations } of alerts) {
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(lasting).toMatch(/^\d+m$/);
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description.length).toBeGreaterThan(20);
      expect(page).toContain(`| [\`${alert}\`](runbook.md#${alert.toLowerCase()}) | ${labels.severity} |`);
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  test('each of our metrics is used and documented', () => {
    const page = readFileSync(deployed('../docs/observability.md'), 'utf8');
    const all = queries.join('\n');
    for (const name of Object.values(metricNames)) {
      expect(all).toMatch(new RegExp(`\\b${name}(_total|_bucket|_count)?\\b`));
      expect(page).toMatch(new RegExp(`^\\| \`${name}(_total)?\` \\|`, 'm'));
    }
  });

  test('no query names one of our metrics that does not exist', () => {
    const known = Object.values(metricNames).flatMap((name) => [
      name,
      ...['_total', '_bucket', '_count'].map((end) => name + end),
    ]);
    const named = queries.flatMap((query) => query.match(/\btryon_\w+/g) ?? []);
    expect(named.length).toBeGreaterThan(queries.length / 2);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('the dashboard', () => {
  const { panels, templating, uid, schemaVersion } = dashboard;

  test('has its own id and a schema that Grafana 10 and later read', () => {
    expect(uid).toBe('temporal-tryon');
    expect(schemaVersion).toBeGreaterThanOrEqual(36);
    expect(templating.list.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'datasource datasource',
      'account query',
    ]);
  });

  test('has panels that do not overlap, each with an id', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      const { h, w, x, y } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let row = y; row < y + h; row++) {
        for (let column = x; column < x + w; column++) {
          expect(taken.has(`${row} ${column}`), title).toBe(false);
          taken.add(`${row} ${column}`);
        }
      }
    }
  });

  test.each(panels.filter(({ type }) => type !== 'row'))(
    '$title is described and asks the chosen data source',
    (panel) => {
      expect(['timeseries', 'stat']).toContain(panel.type);
      expect(panel.description?.length).toBeGreaterThan(5);
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's variable
      expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      expect(panel.targets?.length).toBeGreaterThan(0);
      const refIds = panel.targets?.map(({ refId }) => refId) ?? [];
      expect(new Set(refIds).size).toBe(refIds.length);
      for (const { expr } of panel.targets ?? []) {
        // Variables that are not there would reach Prometheus as they are.
        for (const [, name] of expr.matchAll(/\$\{?(\w+)/g)) expect(['account', '__rate_interval']).toContain(name);
      }
    },
  );

  test('is provisioned from the folder that docker-compose.yml mounts', () => {
    const compose = parse(readFileSync(deployed('../docker-compose.yml'), 'utf8')) as {
      services: Record<string, { volumes?: string[] }>;
    };
    const { providers } = parse(readFileSync(deployed('grafana/provisioning/dashboards/temporal-tryon.yml'), 'utf8'));
    const mounts = compose.services.grafana?.volumes ?? [];
    expect(mounts).toContain(`./deploy/grafana/dashboards:${providers[0].options.path}:ro`);
    expect(mounts).toContain('./deploy/grafana/provisioning:/etc/grafana/provisioning:ro');
  });
});
