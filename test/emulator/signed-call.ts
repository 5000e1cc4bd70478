/** Calls an emulator. Signs by the vendor's formulas, without the package's own code. */
import { createHmac } from 'node:crypto';
import { request } from 'undici';
import type { Emulator } from '../../src/testing.js';

export const hmac = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('hex').toUpperCase();

export interface CallOptions {
  readonly path?: string;
  readonly business?: Record<string, unknown>;
  readonly system?: Record<string, string | undefined>;
  readonly secret?: string;
  readonly headers?: Record<string, string>;
  readonly method?: 'GET' | 'POST';
  readonly atMs?: number;
}

/** Path and query of a V2 call. */
export function v2Target(emulator: Emulator, options: CallOptions = {}): string {
  const timestamp = String(options.atMs ?? Date.now());
  const secret = options.secret ?? emulator.appSecret;
  const system = {
    app_key: emulator.appKey,
    timestamp,
    sign_method: 'sha256',
    sign_ver: 'v2',
    partner_id: 'aidge',
    sign: hmac(secret, secret + timestamp),
    ...options.system,
  };
  const query = new URLSearchParams(
    Object.entries(system).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  return `${options.path ?? '/rest/ai/virtual/tryon-results'}?${query}`;
}

/** A V2 call with a JSON body. Returns the answer's body as text. */
export async function callV2(emulator: Emulator, options: CallOptions = {}) {
  const method = options.method ?? 'POST';
  const { statusCode, headers, body } = await request(emulator.url + v2Target(emulator, options), {
    method,
    headers: { 'content-type': 'application/json', ...options.headers },
    ...(method === 'POST' ? { body: JSON.stringify(options.business ?? {}) } : {}),
  });
  return { statusCode, headers, text: await body.text() };
}

/** The JSON reply to a query. */
// biome-ignore lint/suspicious/noExplicitAny: the vendor's untyped JSON
export async function query(emulator: Emulator, taskId: string, options: CallOptions = {}): Promise<any> {
  return JSON.parse((await callV2(emulator, { business: { task_id: taskId }, ...options })).text);
}
