/**
 * Traces workflows without changing how they run. The SDK's interceptors await what they wrap. With them an update is answered some
 * microtasks later, but commands are not: a running wait could not be replayed after tracing was turned on or off. These interceptors pass
 * every promise on as it is. For the workflow bundle only; sandbox code.
 */
import { type Context, context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  extractContextFromHeaders,
  headersWithContext,
  nexusHeadersWithContext,
} from '@temporalio/interceptors-opentelemetry/lib/instrumentation.js';
import {
  OpenTelemetryInboundInterceptor,
  OpenTelemetryInternalsInterceptor,
  OpenTelemetryOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/workflow/index.js';
import {
  ContinueAsNew,
  type WorkflowInboundCallsInterceptor as Inbound,
  type Next,
  type WorkflowOutboundCallsInterceptor as Outbound,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';

/** The type of the input of an interceptor's method. */
type InputOf<Interceptor, Method extends keyof Required<Interceptor>> = Required<Interceptor>[Method] extends (
  input: infer Input,
  ...rest: never[]
) => unknown
  ? Input
  : never;

function failed(span: Span, error: unknown): void {
  if (error instanceof ContinueAsNew) return;
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Runs `work` within a span that ends when its promise settles. Returns the promise of `work` itself. */
function within<T>(span: Span, parent: Context, work: () => Promise<T>): Promise<T> {
  const end = (error?: unknown): void => {
    if (error === undefined) span.setStatus({ code: SpanStatusCode.OK });
    else failed(span, error);
    span.end();
  };
  try {
    const promise = context.with(trace.setSpan(parent, span), work);
    promise.then(
      () => end(),
      (error: unknown) => end(error ?? 'failed'),
    );
    return promise;
  } catch (error) {
    end(error ?? 'failed');
    throw error;
  }
}

class InboundTraces extends OpenTelemetryInboundInterceptor {
  override execute(input: InputOf<Inbound, 'execute'>, next: Next<Inbound, 'execute'>): Promise<unknown> {
    return this.#received(`RunWorkflow:${workflowInfo().workflowType}`, input.headers, () => next(input));
  }

  override handleSignal(input: InputOf<Inbound, 'handleSignal'>, next: Next<Inbound, 'handleSignal'>): Promise<void> {
    return this.#received(`HandleSignal:${input.signalName}`, input.headers, () => next(input));
  }

  override handleUpdate(
    input: InputOf<Inbound, 'handleUpdate'>,
    next: Next<Inbound, 'handleUpdate'>,
  ): Promise<unknown> {
    return this.#received(`HandleUpdate:${input.name}`, input.headers, () => next(input));
  }

  // Not traced: validators and queries change nothing, and there are many of them.
  override validateUpdate(input: InputOf<Inbound, 'validateUpdate'>, next: Next<Inbound, 'validateUpdate'>): void {
    next(input);
  }

  override handleQuery(input: InputOf<Inbound, 'handleQuery'>, next: Next<Inbound, 'handleQuery'>): Promise<unknown> {
    return next(input);
  }

  #received<T>(
    name: string,
    headers: Parameters<typeof extractContextFromHeaders>[0],
    work: () => Promise<T>,
  ): Promise<T> {
    const parent = extractContextFromHeaders(headers) ?? context.active();
    return within(this.tracer.startSpan(name, {}, parent), parent, work);
  }
}

class OutboundTraces extends OpenTelemetryOutboundInterceptor {
  override scheduleActivity(
    input: InputOf<Outbound, 'scheduleActivity'>,
    next: Next<Outbound, 'scheduleActivity'>,
  ): Promise<unknown> {
    return this.#sent(`StartActivity:${input.activityType}`, () =>
      next({ ...input, headers: headersWithContext(input.headers) }),
    );
  }

  override scheduleLocalActivity(
    input: InputOf<Outbound, 'scheduleLocalActivity'>,
    next: Next<Outbound, 'scheduleLocalActivity'>,
  ): Promise<unknown> {
    return this.#sent(`StartActivity:${input.activityType}`, () =>
      next({ ...input, headers: headersWithContext(input.headers) }),
    );
  }

  override startNexusOperation(
    input: InputOf<Outbound, 'startNexusOperation'>,
    next: Next<Outbound, 'startNexusOperation'>,
  ): ReturnType<OpenTelemetryOutboundInterceptor['startNexusOperation']> {
    return this.#sent(`StartNexusOperation:${input.service}/${input.operation}`, () =>
      next({ ...input, headers: nexusHeadersWithContext(input.headers) }),
    );
  }

  override startChildWorkflowExecution(
    input: InputOf<Outbound, 'startChildWorkflowExecution'>,
    next: Next<Outbound, 'startChildWorkflowExecution'>,
  ): Promise<[Promise<string>, Promise<unknown>]> {
    return this.#sent(`StartChildWorkflow:${input.workflowType}`, () =>
      next({ ...input, headers: headersWithContext(input.headers) }),
    );
  }

  override continueAsNew(
    input: InputOf<Outbound, 'continueAsNew'>,
    next: Next<Outbound, 'continueAsNew'>,
  ): Promise<never> {
    return this.#sent(`ContinueAsNew:${input.options.workflowType}`, () =>
      next({ ...input, headers: headersWithContext(input.headers) }),
    );
  }

  override signalWorkflow(
    input: InputOf<Outbound, 'signalWorkflow'>,
    next: Next<Outbound, 'signalWorkflow'>,
  ): Promise<void> {
    return this.#sent(`SignalWorkflow:${input.signalName}`, () =>
      next({ ...input, headers: headersWithContext(input.headers) }),
    );
  }

  #sent<T>(name: string, work: () => Promise<T>): Promise<T> {
    const parent = context.active();
    return within(this.tracer.startSpan(name, {}, parent), parent, work);
  }
}

/** The interceptors, as the SDK's bundle expects them. */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [new InboundTraces()],
  outbound: [new OutboundTraces()],
  internals: [new OpenTelemetryInternalsInterceptor()],
});
