/** A meter and a tracer that record their calls. */
import { noopMetricMeter } from '@temporalio/common';
import type { ExchangeSpan } from '../../src/telemetry/trace-exchange.js';

/** A meter that records its values. */
export function recorder() {
  const recorded: { name: string; value: number; labels: object }[] = [];
  const record = (name: string) => (value: number, labels: object) => recorded.push({ name, value, labels });
  const meter = {
    ...noopMetricMeter,
    createCounter: (name: string) => ({ ...noopMetricMeter.createCounter(name), add: record(name) }),
    createHistogram: (name: string) => ({ ...noopMetricMeter.createHistogram(name), record: record(name) }),
    createGauge: (name: string) => ({ ...noopMetricMeter.createGauge(name), set: record(name) }),
    withTags: () => meter,
  };
  const of = (name: string) =>
    recorded.filter((one) => one.name === name).map(({ value, labels }) => ({ value, ...labels }));
  /** The time series so far: each name with each set of labels. */
  const series = () => [...new Set(recorded.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`))];
  return { meter: meter as unknown as typeof noopMetricMeter, of, series };
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
