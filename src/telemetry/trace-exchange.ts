/** Makes a client span for each request to the vendor: without query, body, key or signature. The vendor gets no trace context. */
import type { AroundExchange } from '../providers/exchange.js';

/** The part of OpenTelemetry's `Span` that is used here. */
export interface ExchangeSpan {
  setAttribute(key: string, value: string | number): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** The part of OpenTelemetry's `Tracer` that is used here; its package need not be installed. */
export interface ExchangeTracer {
  startSpan(
    name: string,
    options: { readonly kind: number; readonly attributes: Record<string, string | number> },
  ): ExchangeSpan;
}

/** `SpanKind.CLIENT` and `SpanStatusCode.ERROR` of OpenTelemetry's specification. */
const clientKind = 2;
const errorStatus = 2;

/**
 * Makes a hook that traces each exchange as a child of the active span, which is the activity's attempt.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/ the names of the attributes
 */
export function traceExchange(tracer: ExchangeTracer): AroundExchange {
  return async ({ account, origin, path }, send) => {
    const { protocol, hostname, port } = new URL(origin);
    const span = tracer.startSpan(`POST ${path}`, {
      kind: clientKind,
      attributes: {
        'http.request.method': 'POST',
        'url.scheme': protocol.slice(0, -1),
        'url.path': path,
        'server.address': hostname,
        'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
        'tryon.account': account,
      },
    });
    const failed = (type: string) => {
      span.setAttribute('error.type', type);
      span.setStatus({ code: errorStatus });
    };
    try {
      const exchanged = await send();
      const facts = exchanged.kind === 'body' ? exchanged.facts : exchanged.fault;
      if (facts.httpStatus !== undefined) span.setAttribute('http.response.status_code', facts.httpStatus);
      if (exchanged.kind === 'fault') failed(exchanged.fault.code);
      else if (exchanged.facts.httpStatus >= 400) failed(String(exchanged.facts.httpStatus));
      return exchanged;
    } catch (error) {
      failed('cancelled');
      throw error;
    } finally {
      span.end();
    }
  };
}
