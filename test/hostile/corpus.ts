/** The bodies that the emulated vendor sends, made without a server: the fuzzer's corpus. */
import { gzipSync } from 'node:zlib';
import { defined } from '../../src/defined.js';
import { type BehaviourName, behaviours } from '../../src/emulator/behaviours.js';
import { EmulatedVendor } from '../../src/emulator/vendor.js';

/** One recorded answer. */
export interface RecordedAnswer {
  /** The behaviour that gave it. */
  readonly name: string;
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter?: string;
  readonly body: string;
}

/** The task of all bodies. */
export const fuzzTaskId = '1000000000000042';
/** Values that no reply may show. Long enough to be redacted within a word, too. */
export const fuzzSecrets = {
  appKey: 'APPKEY-5f2c9a-0017',
  appSecret: 'SECRET-77b1e04d9c',
  sign: 'A'.repeat(8) + 'F00D'.repeat(14),
};

/** Larger bodies make each mutation slow and find nothing more. */
const maxBytes = 40_000;
const nowMs = Date.parse('2026-01-31T12:00:00Z');

/** The answers of each behaviour to four queries, and those to a submit. Each different body once. */
export function corpus(): readonly RecordedAnswer[] {
  const found = new Map<string, RecordedAnswer>();
  const options = { seed: 7, strict: false, accounts: [{ appKey: 'k', appSecret: 's' }] };
  const store = { baseUrl: 'http://127.0.0.1:1', seed: 7, ttlSeconds: 1_000_000_000 };
  const ask = (vendor: EmulatedVendor, name: string, path: string, parameters: object): void => {
    const raw = {
      method: 'POST',
      target: `/rest${path}?app_key=k&timestamp=${nowMs}&sign=x&sign_method=sha256&sign_ver=v2&partner_id=aidge`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(parameters),
    };
    const { status, headers, body } = vendor.answer(raw, nowMs + 60_000);
    const retryAfter = headers['retry-after'];
    if (body.length > maxBytes) return;
    const contentType = headers['content-type'] ?? '';
    found.set(`${status} ${body}`, { name, status, contentType, body, ...defined({ retryAfter }) });
  };
  for (const name of Object.keys(behaviours) as BehaviourName[]) {
    if (name === 'thousands-of-images' || name === 'beyond-the-cap') continue;
    const vendor = new EmulatedVendor(options, store);
    const subTasks = [{ imageCount: 2 }, { imageCount: 2 }];
    vendor.tasks.add({ taskId: fuzzTaskId, api: 'tryon', submittedAtMs: nowMs, durationSeconds: 30, subTasks }, name);
    for (let query = 0; query < 4; query += 1) {
      ask(vendor, name, '/ai/virtual/tryon-results', { task_id: fuzzTaskId });
    }
  }
  const vendor = new EmulatedVendor(options, store);
  const request = JSON.stringify([{ clothesList: [{ imageUrl: 'http://a/b.png', type: 'tops' }] }]);
  ask(vendor, 'submit', '/ai/virtual/tryon', { requestParams: request });
  return [...found.values()];
}

/** A gzip-compressed body. */
export const compressed = (body: string): Buffer => gzipSync(body);
