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
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
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
    ...(method === 'GET' ? {} : { body: JSON.stringify(options.business ?? {}) }),
  });
  return { statusCode, headers, text: await body.text() };
}

/** The parameters of a V1 call with their signature: system and business parameters. Leaves out what is empty, as the platform does. */
export function v1Parameters(
  emulator: Emulator,
  business: readonly (readonly [name: string, value: string])[],
  options: Pick<CallOptions, 'path' | 'system'> = {},
): [string, string][] {
  const system = {
    app_key: emulator.appKey,
    timestamp: String(Date.now()),
    sign_method: 'sha256',
    partner_id: 'iop-sdk-java-20181207',
    ...options.system,
  };
  const pairs = [...Object.entries(system), ...business].filter((pair): pair is [string, string] => Boolean(pair[1]));
  const text = pairs
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flat()
    .join('');
  const path = (options.path ?? '/rest/ai/virtual/tryon-results').replace('/rest', '');
  return [...pairs, ['sign', hmac(emulator.appSecret, path + text)]];
}

/** The JSON reply to a query. */
// biome-ignore lint/suspicious/noExplicitAny: the vendor's untyped JSON
export async function query(emulator: Emulator, taskId: string, options: CallOptions = {}): Promise<any> {
  return JSON.parse((await callV2(emulator, { business: { task_id: taskId }, ...options })).text);
}
