import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { workflowSource } from '../../src/worker/bundle.js';

// Waits outlive the day on which somebody turns traces on: what was recorded without them replays with them.
const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const workflowInterceptorModules = [
  fileURLToPath(new URL('../../src/telemetry/workflow-interceptors.ts', import.meta.url)),
];

let workflowBundle: WorkflowBundle;
beforeAll(async () => {
  const logger = new DefaultLogger('ERROR');
  workflowBundle = await bundleWorkflowCode({ ...workflowSource, workflowInterceptorModules, logger });
}, 60_000);

test('the interceptors are in the bundle', () => {
  expect(workflowBundle.code).toMatch(/class InboundTraces extends .*OpenTelemetryInboundInterceptor/);
  expect(names.length).toBeGreaterThanOrEqual(20);
});

test.each(names)('%s, recorded without traces, replays with them', async (name) => {
  const sinks = { exporter: { export: { fn: () => undefined } } };
  await Worker.runReplayHistory({ workflowBundle, sinks }, JSON.parse(readFileSync(`${folder}${name}`, 'utf8')));
});
