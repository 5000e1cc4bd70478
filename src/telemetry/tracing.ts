/** OpenTelemetry traces by the SDK's interceptors. Their packages are optional peers, loaded when tracing starts. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import type { Context, ContextManager } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { SimplePlugin } from '@temporalio/plugin';
import type { ReplayWorkerOptions, WorkerOptions } from '@temporalio/worker';
import { TryOnClientError } from '../client/errors.js';
import type { AroundExchange } from '../providers/exchange.js';
import { traceExchange } from './trace-exchange.js';

/** Traces of this process. */
export interface Tracing {
  /** For clients, connections and workers. */
  readonly plugin: SimplePlugin;
  /** For the vendor client. */
  readonly aroundExchange: AroundExchange;
  /** Sends the remaining spans and ends. */
  shutdown(): Promise<void>;
}

/** Where spans go. */
export interface TracingOptions {
  /** Base URL of an OTLP collector, to which `/v1/traces` is appended; or an exporter. */
  readonly to: string | SpanExporter;
  readonly serviceName: string;
  /** Loads a package; default `import()`. */
  readonly load?: (name: string) => Promise<unknown>;
}

/** The packages that tracing needs, with their versions: OpenTelemetry's first generation, like Temporal's interceptors. */
export const tracingPackages = {
  '@opentelemetry/api': '1.9',
  '@opentelemetry/exporter-trace-otlp-http': '0.57',
  '@opentelemetry/resources': '1',
  '@opentelemetry/sdk-trace-base': '1',
  '@temporalio/interceptors-opentelemetry': '1',
} as const;

const installed = Object.entries(tracingPackages)
  .map(([name, version]) => `${name}@${version}`)
  .join(' ');

async function loaded<T>(name: keyof typeof tracingPackages, load: (name: string) => Promise<unknown>): Promise<T> {
  try {
    return (await load(name)) as T;
  } catch (error) {
    const isMissing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing) throw error;
    throw new TryOnClientError(
      'BadConfig',
      `traces need ${name}, which is not installed; add it with \`npm install ${installed}\`, or set OTEL_TRACES_EXPORTER=none`,
      { cause: error },
    );
  }
}

/** Keeps the active span across asynchronous calls. */
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

type Interceptors = typeof import('@temporalio/interceptors-opentelemetry');

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const workflowModule = fileURLToPath(new URL(`./workflow-interceptors.${extension}`, import.meta.url));

/** The SDK's interceptors of clients, activities and Nexus, and our own of workflows; `workflow-interceptors.ts` says why. */
class TracingPlugin extends SimplePlugin {
  readonly #sinks: NonNullable<WorkerOptions['sinks']>;

  constructor(parts: Interceptors, spanProcessor: SpanProcessor, resource: Resource) {
    const client = { workflow: [new parts.OpenTelemetryWorkflowClientInterceptor()] };
    super({
      name: 'temporal-tryon.Tracing',
      clientInterceptors: client,
      workerInterceptors: {
        client,
        workflowModules: [workflowModule],
        activity: [
          (context) => ({
            inbound: new parts.OpenTelemetryActivityInboundInterceptor(context),
            outbound: new parts.OpenTelemetryActivityOutboundInterceptor(context),
          }),
        ],
        nexus: [
          (context) => ({
            inbound: new parts.OpenTelemetryNexusInboundInterceptor(context),
            outbound: new parts.OpenTelemetryNexusOutboundInterceptor(context),
          }),
        ],
      },
    });
    const exporter = parts.makeWorkflowExporter(spanProcessor, resource);
    const { fn } = exporter.export;
    this.#sinks = {
      exporter: {
        export: {
          // The SDK makes attributes of all info, memo and search attributes included.
          fn: ({ workflowId, runId, workflowType, taskQueue, namespace }, spans: Parameters<typeof fn>[1]) =>
            fn({ workflowId, runId, workflowType, taskQueue, namespace } as Parameters<typeof fn>[0], spans),
        },
      },
    };
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    return super.configureWorker({ ...options, sinks: { ...options.sinks, ...this.#sinks } });
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return super.configureReplayWorker({ ...options, sinks: { ...options.sinks, ...this.#sinks } });
  }
}

/**
 * Starts tracing in this process. OpenTelemetry's variables set sampling, limits, batches (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`) and headers
 * (`OTEL_EXPORTER_OTLP_HEADERS`).
 * @throws {TryOnClientError} `BadConfig` if a package is missing
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
  const parts = await loaded<Interceptors>('@temporalio/interceptors-opentelemetry', load);
  const exporter = typeof to === 'string' ? await otlpExporter(to, load) : to;
  const resource = new Resource({ 'service.name': serviceName });
  const spanProcessor = new BatchSpanProcessor(exporter);
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  provider.register({ contextManager: createContextManager(otel.ROOT_CONTEXT).enable() });
  return {
    plugin: new TracingPlugin(parts, spanProcessor, resource),
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
