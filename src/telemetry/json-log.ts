/** Log lines as JSON: one object per line, with task and listing ids as fields. */
import { wellFormed } from '../check.js';
import { listingWorkflowId, resultsWorkflowId } from '../contract.js';
import { defined } from '../defined.js';
import { escapeJson } from '../error-text.js';

/** A log entry as the SDK's `DefaultLogger` passes it to its second argument. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly timestampNanos: bigint;
  readonly meta?: Readonly<Record<PropertyKey, unknown>> | undefined;
}

const idAfter = (prefix: string, id: unknown): string | undefined =>
  typeof id === 'string' && id.startsWith(prefix) ? id.slice(prefix.length) : undefined;

function plain(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return wellFormed(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return key === 'cause' ? { name, message } : defined({ name, message, stack, cause });
}

/** One line, without a line break. Never throws: leaves out what cannot be written. */
export function jsonLine({ level, message, timestampNanos, meta = {} }: LogLine): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const head = { time, level, message: wellFormed(message) };
  const taskId = meta.taskId ?? idAfter(resultsWorkflowId(''), meta.workflowId);
  const listingId = meta.listingId ?? idAfter(listingWorkflowId(''), meta.workflowId);
  const ids = defined({ taskId, listingId });
  try {
    return escapeJson(JSON.stringify({ ...head, ...ids, ...meta, ...head }, plain));
  } catch {
    return escapeJson(JSON.stringify({ ...head, ...ids }));
  }
}
