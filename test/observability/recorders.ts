/** A meter and a tracer that keep what they are told. */
import { noopMetricMeter } from '@temporalio/common';
import type { ExchangeSpan } from '../../src/telemetry/trace-exchange.js';

/** A meter that keeps what it is told. */
export function recorder() {
  const told: { name: string; value: number; labels: object }[] = [];
  const keep = (name: string) => (value: number, labels: object) => told.push({ name, value, labels });
  const meter = {
    ...noopMetricMeter,
    createCounter: (name: string) => ({ ...noopMetricMeter.createCounter(name), add: keep(name) }),
    createHistogram: (name: string) => ({ ...noopMetricMeter.createHistogram(name), record: keep(name) }),
    createGauge: (name: string) => ({ ...noopMetricMeter.createGauge(name), set: keep(name) }),
    withTags: () => meter,
  };
  const of = (name: string) =>
    told.filter((one) => one.name === name).map(({ value, labels }) => ({ value, ...labels }));
  return { meter: meter as unknown as typeof noopMetricMeter, of };
}

/** A tracer that keeps its spans. */
export function spans() {
  const kept: { name: string; attributes: Record<string, unknown>; status?: number; isEnded: boolean }[] = [];
  const tracer = {
    startSpan(name: string, { attributes }: { attributes: Record<string, string | number> }): ExchangeSpan {
      const span = { name, attributes: { ...attributes } as Record<string, unknown>, isEnded: false };
      kept.push(span);
      return {
        setAttribute: (key, value) => Object.assign(span.attributes, { [key]: value }),
        setStatus: ({ code }) => Object.assign(span, { status: code }),
        end: () => Object.assign(span, { isEnded: true }),
      };
    },
  };
  return { kept, tracer };
}
