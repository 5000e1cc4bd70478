/** Reads a history as whoever has the database does: raw, and with each payload's bytes as text. */

import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/** One payload of a history. */
export interface FoundPayload {
  /** Where it stands: `events.0.workflowExecutionStartedEventAttributes.input...`. */
  readonly path: string;
  readonly encoding: string;
  /** Its bytes as text. */
  readonly text: string;
}

/** A history in both forms. */
export interface RawHistory {
  /** Proto JSON; payloads are Base64 in it. */
  readonly json: unknown;
  readonly payloads: readonly FoundPayload[];
  /** All texts that are no payload, each with its path. */
  readonly texts: readonly { readonly path: string; readonly text: string }[];
}

const fromBase64 = (text: unknown): string => Buffer.from(typeof text === 'string' ? text : '', 'base64').toString();

/** Walks proto JSON: what has `metadata.encoding` is a payload. */
export function readRaw(json: unknown): RawHistory {
  const payloads: FoundPayload[] = [];
  const texts: { path: string; text: string }[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node === 'string') texts.push({ path, text: node });
    if (typeof node !== 'object' || node === null) return;
    const { metadata, data } = node as { metadata?: { encoding?: unknown }; data?: unknown };
    if (metadata?.encoding !== undefined) {
      payloads.push({ path, encoding: fromBase64(metadata.encoding), text: fromBase64(data) });
      return;
    }
    for (const [name, inner] of Object.entries(node)) visit(inner, `${path}.${name}`);
  };
  visit(json, '');
  return { json, payloads, texts };
}

/** Fetches and reads one run's history. */
export async function rawHistory(client: Client, workflowId: string, runId?: string): Promise<RawHistory> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return readRaw(JSON.parse(historyToJSON(history)));
}
