/** OpenTelemetry traces, by the SDK's own interceptors. Their packages are optional peers, loaded when traces are asked for. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, ContextManager } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';
import { TryOnClientError } from '../client/errors.js';
import type { AroundExchange } from '../vendor/exchange.js';
import { traceExchange } from './trace-exchange.js';

/** Traces that are on. */
export interface Tracing {
  /** For clients, connections and workers. */
  readonly plugin: OpenTelemetryPlugin;
  /** For the vendor's client. */
  readonly aroundExchange: AroundExchange;
  /** Sends what is left and ends. */
  shutdown(): Promise<void>;
}

/** Where spans go. */
export interface TracingOptions {
  /** Base address of an OTLP collector, `/v1/traces` is added; or an exporter of one's own. */
  readonly to: string | SpanExporter;
  readonly serviceName: string;
  /** Default: Node.js's own. */
  readonly load?: (name: string) => Promise<unknown>;
}

/** What tracing needs beside the package. */
export const tracingPackages = [
  '@opentelemetry/api',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace-base',
  '@temporalio/interceptors-opentelemetry',
] as const;

async function loaded<T>(name: (typeof tracingPackages)[number], load: (name: string) => Promise<unknown>): Promise<T> {
  try {
    return (await load(name)) as T;
  } catch (error) {
    const isMissing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing) throw error;
    throw new TryOnClientError(
      'BadConfig',
      `traces need ${name}, which is not installed; add it with \`npm install ${tracingPackages.join(' ')}\`, or set OTEL_TRACES_EXPORTER=none`,
      { cause: error },
    );
  }
}

/** Which span is active, along asynchronous calls. */
function createContextManager(root: Context): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? root,
    with: (context, fn, thisArg, ...args) =>
      storage.run(context, () => fn.apply(thisArg, args) as ReturnType<typeof fn>),
    bind: (context, target) => {
      if (typeof target !== 'function') return target;
      return ((...args: unknown[]) => storage.run(context, () => target(...args))) as typeof target;
    },
    enable: () => manager,
    disable: () => {
      storage.disable();
      return manager;
    },
  };
  return manager;
}

/**
 * Turns traces on for this process. Sampling, limits and batches are set by OpenTelemetry's variables (`OTEL_TRACES_SAMPLER`,
 * `OTEL_BSP_*`), headers by `OTEL_EXPORTER_OTLP_HEADERS`.
 * @throws {TryOnClientError} `BadConfig`, where a package is missing
 */
export async function startTracing({
  to,
  serviceName,
  load = (name) => import(name),
}: TracingOptions): Promise<Tracing> {
  const otel = await loaded<typeof import('@opentelemetry/api')>('@opentelemetry/api', load);
  const { Resource } = await loaded<typeof import('@opentelemetry/resources')>('@opentelemetry/resources', load);
  const { BasicTracerProvider, BatchSpanProcessor } = await loaded<typeof import('@opentelemetry/sdk-trace-base')>(
    '@opentelemetry/sdk-trace-base',
    load,
  );
  const { OpenTelemetryPlugin: Plugin } = await loaded<typeof import('@temporalio/interceptors-opentelemetry')>(
    '@temporalio/interceptors-opentelemetry',
    load,
  );
  const exporter = typeof to === 'string' ? await otlpExporter(to, load) : to;
  const resource = new Resource({ 'service.name': serviceName });
  const spanProcessor = new BatchSpanProcessor(exporter);
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  provider.register({ contextManager: createContextManager(otel.ROOT_CONTEXT).enable() });
  return {
    plugin: new Plugin({ resource, spanProcessor }),
    aroundExchange: traceExchange(provider.getTracer('temporal-tryon')),
    shutdown: () => provider.shutdown(),
  };
}

async function otlpExporter(endpoint: string, load: (name: string) => Promise<unknown>): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await loaded<typeof import('@opentelemetry/exporter-trace-otlp-http')>(
    '@opentelemetry/exporter-trace-otlp-http',
    load,
  );
  return new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
}
