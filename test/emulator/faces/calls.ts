/** Calls the emulated vendors without HTTP, at a time that the test sets. */

import { EmulatedVendor } from '../../../src/emulator/vendor.js';
import type { EmulatorOptions, NewTask } from '../../../src/testing.js';

/** Headers by lower-case name. */
export type Headers = Readonly<Record<string, string>>;

/** The vendors, with one account each: `aidge`, `dashscope`, `fashn` and `fal`. */
export function vendors(options: EmulatorOptions = {}) {
  const accounts = [
    { name: 'aidge', appKey: '512345', appSecret: 'secret', accessKeyId: 'LTAI1', accessKeySecret: 'ram-secret' },
    { name: 'dashscope', vendor: 'dashscope', apiKey: 'sk-1' },
    { name: 'other', vendor: 'dashscope', apiKey: 'sk-2' },
    { name: 'fashn', vendor: 'fashn', apiKey: 'fa-1' },
    { name: 'fal', vendor: 'fal', apiKey: 'fal-1' },
  ] as const;
  const store = { baseUrl: 'http://127.0.0.1:1', seed: 1, ttlSeconds: 1_000_000_000 };
  const vendor = new EmulatedVendor({ accounts, ...options }, store);
  const startMs = Date.parse('2026-11-28T12:00:00Z');
  let nowMs = startMs;
  const call = (method: string, target: string, headers: Headers = {}, body: unknown = undefined) => {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = vendor.answer({ method, target, headers, body: text }, nowMs);
    // biome-ignore lint/suspicious/noExplicitAny: replies of vendors
    const json = (): any => JSON.parse(answer.body);
    return { ...answer, json };
  };
  return {
    vendor,
    call,
    startMs,
    /** Goes to this many seconds after the start. */
    at: (seconds: number): void => {
      nowMs = startMs + seconds * 1000;
    },
    now: (): number => nowMs,
    /** Makes a task of ten seconds. */
    addTask: ({ api = 'tryon', script, account, ...plan }: NewTask = {}): string => {
      const { subTasks = 1, imagesPerSubTask = 1, taskId, durationSeconds = 10 } = plan;
      const made = Array.from({ length: subTasks }, () => ({ imageCount: imagesPerSubTask }));
      return vendor.tasks.add(
        { taskId: taskId as string, api, submittedAtMs: nowMs, durationSeconds, subTasks: made },
        script,
        account,
      ).taskId;
    },
  };
}
