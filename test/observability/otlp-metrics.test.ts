import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startOtlpReceiver } from './otlp-receiver.js';

const program = `
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { createTryOnMetrics } from './src/telemetry/metrics.ts';
import { runtimeOptions } from './src/telemetry/runtime.ts';
import { readTelemetrySettings } from './src/telemetry/settings.ts';
const { telemetry } = readTelemetrySettings(process.env);
Runtime.install(runtimeOptions({ ...telemetry, metrics: { ...telemetry.metrics, exportIntervalMs: 50 } }, new DefaultLogger('ERROR')));
const accounts = [{ name: 'eu-shop', queriesPerSecond: 7 }];
createTryOnMetrics({ meter: Runtime.instance().metricMeter, accounts }).start();
setInterval(() => undefined, 1_000);
`;

test('metrics reach a collector by OTLP over HTTP, at its path for metrics', { timeout: 60_000 }, async () => {
  const otlp = await startOtlpReceiver();
  const running = promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { PATH: process.env.PATH ?? '', OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url },
  });
  const run = running.catch((error: Error & { signal?: string }) => {
    if (error.signal !== 'SIGKILL') throw error;
  });
  try {
    const arrived = expect.poll(() => otlp.bodies.some((body) => body.includes('tryon_budget_queries_per_second')), {
      timeout: 50_000,
    });
    await Promise.race([arrived.toBe(true), run]);
    const body = otlp.bodies.find((text) => text.includes('tryon_budget_queries_per_second'));
    expect(body).toContain('eu-shop');
    expect([...otlp.paths.keys()]).toEqual(['/v1/metrics']);
  } finally {
    // Temporal's runtime takes SIGTERM as a request to drain, and the process would go on.
    running.child.kill('SIGKILL');
    await run;
    await otlp.close();
  }
});
