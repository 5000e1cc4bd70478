/** Options of Temporal's runtime for logs and metrics. Needs `@temporalio/worker` for its types alone. */
import type { Logger } from '@temporalio/common';
import type { MetricsExporterConfig, RuntimeOptions } from '@temporalio/worker';
import { defined } from '../defined.js';
import { histogramBuckets } from './metrics.js';
import type { MetricsTarget, TelemetrySettings } from './settings.js';

/** How the runtime exports the SDK's metrics and ours; `undefined` for not at all. Durations are in seconds, counters end with `_total`. */
export function metricsExporter(target: MetricsTarget): MetricsExporterConfig | undefined {
  const shared = { useSecondsForDurations: true, histogramBucketOverrides: { ...histogramBuckets } };
  switch (target.kind) {
    case 'none':
      return undefined;
    case 'prometheus':
      return {
        // The label would be on every series, and the name of the Prometheus job says the same.
        attachServiceName: false,
        prometheus: { ...shared, bindAddress: target.bindAddress, countersTotalSuffix: true, unitSuffix: true },
      };
    case 'otlp':
      return {
        otel: { ...shared, url: target.url, http: target.isHttp, metricsExportInterval: target.exportIntervalMs },
      };
    default:
      return target satisfies never;
  }
}

/**
 * Options for `Runtime.install`.
 * @param logger - gets all logs, those of the SDK's native part too: it is the one place that formats and cleans them
 */
export function runtimeOptions({ metrics }: Pick<TelemetrySettings, 'metrics'>, logger: Logger): RuntimeOptions {
  const exporter = metricsExporter(metrics);
  return {
    logger,
    telemetryOptions: {
      ...defined({ metrics: exporter }),
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
    },
  };
}
