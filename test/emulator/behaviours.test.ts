import { gunzipSync } from 'node:zlib';
import { Client, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { defined } from '../../src/defined.js';
import type { SubmitBehaviourName } from '../../src/emulator/behaviours/submits.js';
import type { DownloadMode } from '../../src/emulator/downloads.js';
import { type Behaviour, type BehaviourName, behaviours, type Emulator } from '../../src/testing.js';
import { callV2, query, v2Target } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();

interface Subject {
  readonly emulator: Emulator;
  readonly taskId: string;
}
type Check = (subject: Subject) => Promise<void>;

/** One query; undici's response. */
async function ask({ emulator, taskId }: Subject, signal?: AbortSignal) {
  return request(emulator.url + v2Target(emulator), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task_id: taskId }),
    ...defined({ signal }),
  });
}

/** The next query gets the normal answer: the task is finished. */
async function expectNormal({ emulator, taskId }: Subject): Promise<void> {
  expect((await query(emulator, taskId)).data.taskStatus).toBe('finished');
}

const status =
  (code: number, retryAfter?: string): Check =>
  async (subject) => {
    const { statusCode, headers, body } = await ask(subject);
    expect([statusCode, headers['retry-after'], await body.text()]).toEqual([
      code,
      retryAfter,
      expect.stringContaining(`<h1>${code} `),
    ]);
    expect(subject.emulator.queries.at(-1)).toMatchObject({ answered: `http:${code}`, ends: false });
  };
const raw =
  (code: number, text: string | RegExp, type?: string): Check =>
  async (subject) => {
    const { statusCode, headers, body } = await ask(subject);
    expect([statusCode, headers['content-type']]).toEqual([code, type]);
    expect(await body.text()).toMatch(text);
  };
const json =
  (expected: Record<string, unknown>): Check =>
  async ({ emulator, taskId }) => {
    expect(await query(emulator, taskId)).toMatchObject(expected);
  };
const refusal =
  (resCode: string): Check =>
  async ({ emulator, taskId }) => {
    const reply = await query(emulator, taskId);
    expect(reply).toMatchObject({ code: '0', success: 'false', resCode, resMessage: expect.any(String) });
    expect('data' in reply).toBe(false);
    expect(emulator.queries.at(-1)?.answered).toBe(`service:${resCode}`);
  };
/** A reply as one line: main status, then sub-tasks with their image counts. */
async function summaryOf({ emulator, taskId }: Subject): Promise<string> {
  const { data } = await query(emulator, taskId);
  if (data === undefined || data === null) return `data ${data}`;
  const list = Array.isArray(data.taskResult)
    ? // biome-ignore lint/suspicious/noExplicitAny: the vendor's untyped JSON
      data.taskResult.map((item: any) => `${item.taskStatus}:${item.taskResult?.result?.imageList?.length ?? '-'}`)
    : [`taskResult ${data.taskResult}`];
  return [`${data.taskStatus}`, ...list].join(' ');
}
/** The replies to the next queries, each as {@link summaryOf} gives it. */
const replies =
  (...expected: string[]): Check =>
  async (subject) => {
    const seen: string[] = [];
    for (let count = 0; count < expected.length; count++) seen.push(await summaryOf(subject));
    expect(seen).toEqual(expected);
  };
const all = 'finished finished:2 finished:2';
const none = 'running running:- running:-';

// biome-ignore lint/suspicious/noExplicitAny: the vendor's untyped JSON
const itemsOf = (reply: any): any[] =>
  // biome-ignore lint/suspicious/noExplicitAny: the vendor's untyped JSON
  reply.data.taskResult.flatMap((item: any) => item.taskResult?.result?.imageList ?? []);
async function urls({ emulator, taskId }: Subject): Promise<string[]> {
  return itemsOf(await query(emulator, taskId)).map(({ imageUrl }) => imageUrl);
}
/** All four URLs match. */
const addresses =
  (form: RegExp): Check =>
  async (subject) => {
    const found = await urls(subject);
    expect(found).toHaveLength(4);
    for (const url of found) expect(url).toMatch(form);
  };
const notFound =
  (code: number, part: string): Check =>
  async (subject) => {
    const { statusCode, body } = await ask(subject);
    expect([statusCode, (await body.text()).includes(part)]).toEqual([code, true]);
    expect(subject.emulator.queries.at(-1)?.answered).toBe('not-found');
  };

/** What each behaviour sends. By its clock the task is finished; it has two sub-tasks of two images. */
const checks: Record<Exclude<BehaviourName, `image-${DownloadMode}` | SubmitBehaviourName>, Check> = {
  live: replies(all, all),
  submitted: replies('submitted taskResult undefined', 'submitted taskResult undefined'),
  stuck: replies(none, none),
  'running-no-result': replies('running taskResult undefined', all),
  'running-null-result': replies('running taskResult null', all),
  'running-empty-result': replies('running', all),
  'running-then-queued': replies(none, 'submitted taskResult undefined', none, all),
  finished: replies(all, all),
  batches: replies('running finished:2 running:-', all, all),
  'finished-then-running': replies(all, none, none),
  'failed-then-finished': replies('failed failed:- failed:-', all),
  'finished-empty': replies('finished', 'finished'),
  'finished-no-result': replies('finished taskResult undefined'),
  'finished-null-result': replies('finished taskResult null'),
  'finished-no-images': replies('finished finished:0 finished:0'),
  'finished-no-inner': replies('finished finished:- finished:-'),
  'finished-empty-then-full': replies('finished', all),
  partial: replies('finished finished:2 failed:-'),
  'partial-failed': replies('failed finished:2 failed:-'),
  'all-failed': replies('failed failed:- failed:-'),
  'all-sub-tasks-failed': replies('finished failed:- failed:-'),
  'failed-message-only': json({
    success: 'true',
    resMessage: expect.stringContaining('person'),
    data: { taskStatus: 'failed' },
  }),
  'status-at-odds': replies('running finished:2 finished:2', 'running finished:2 finished:2', all),
  'unknown-status': replies('post_processing running:- running:-', 'post_processing running:- running:-', all),
  'unknown-sub-status': replies('finished archived:2 archived:2'),
  'missing-status': replies('undefined running:- running:-', 'undefined running:- running:-', all),
  'null-status': replies('null running:- running:-', 'null running:- running:-', all),
  'upper-case-status': replies('FINISHED FINISHED:2 FINISHED:2'),
  'no-data': replies('data undefined', all),
  'null-data': replies('data null', all),
  'fewer-images': replies('finished finished:1 finished:1'),
  'repeated-images': async (subject) => {
    const found = await urls(subject);
    expect([found.length, new Set(found).size, found[0] === found[1]]).toEqual([8, 4, true]);
  },
  'reordered-images': async (subject) => {
    const early = await urls(subject);
    const late = await urls(subject);
    expect(early).toHaveLength(2);
    expect(late.toReversed().slice(0, 2)).toEqual(early);
  },
  're-signed-urls': async (subject) => {
    const replies = [await urls(subject), await urls(subject), await urls(subject)];
    expect(replies.map((found) => found.length)).toEqual([2, 2, 4]);
    expect(new Set(replies.map(([url]) => url)).size).toBe(3);
    expect(new Set(replies.map(([url]) => url?.split('?')[0])).size).toBe(1);
    const { statusCode, body } = await request(replies[2]?.[0] ?? '');
    await body.dump();
    expect(statusCode).toBe(200);
  },
  'thousands-of-images': async (subject) => {
    const { text } = await callV2(subject.emulator, { business: { task_id: subject.taskId } });
    expect(new Set(itemsOf(JSON.parse(text)).map(({ imageUrl }) => imageUrl)).size).toBe(6000);
    expect(text.length).toBeLessThan(4 * 1024 * 1024);
  },
  'beyond-the-cap': async (subject) => {
    const { text } = await callV2(subject.emulator, { business: { task_id: subject.taskId } });
    expect(text.length).toBeGreaterThan(4 * 1024 * 1024);
  },
  'cut-escape-urls': addresses(/Signature=[\w%]+%3$/),
  'odd-escape-urls': addresses(/%2ftry_on%2f.*%cc.*é%E8%AF%95\+%$/),
  'expired-urls': async (subject) => {
    const [url = ''] = await urls(subject);
    const { statusCode, body } = await request(url);
    expect([statusCode, await body.text()]).toEqual([403, expect.stringContaining('AccessDenied')]);
  },
  'loopback-urls': addresses(/^http:\/\/127\.0\.0\.1:/),
  'metadata-urls': addresses(/^http:\/\/169\.254\.169\.254\//),
  'file-urls': addresses(/^file:\/\/\//),
  'other-task-id': async (subject) => {
    const ids = [];
    for (let count = 0; count < 4; count++) ids.push((await query(subject.emulator, subject.taskId)).data.taskId);
    expect(ids.map((id) => id === subject.taskId)).toEqual([false, false, false, true]);
    expect(ids[0]).toHaveLength(subject.taskId.length);
    expect(subject.emulator.queries.map(({ ends }) => ends)).toEqual([false, false, false, true]);
  },
  'no-task-id': async ({ emulator, taskId }) => {
    const { data } = await query(emulator, taskId);
    expect([data.taskStatus, 'taskId' in data]).toEqual(['finished', false]);
  },
  'inner-json-text': async ({ emulator, taskId }) => {
    const { data } = await query(emulator, taskId);
    expect(JSON.parse(data.taskResult[1].taskResult).result.imageList).toHaveLength(2);
  },
  'data-json-text': async ({ emulator, taskId }) => {
    const { data } = await query(emulator, taskId);
    expect(JSON.parse(data)).toMatchObject({ taskId, taskStatus: 'finished' });
  },
  'struct-data': async ({ emulator, taskId }) => {
    const { data } = await query(emulator, taskId);
    expect(data.taskResult[0]).toMatchObject({ taskStatus: 'finished', usage: 0, requestBizId: expect.any(String) });
    const inner = JSON.parse(data.taskResult[0].taskResult);
    expect(inner.data).toMatchObject({ success: true, structData: { code: 0, message: 'success' } });
    expect(inner.data.structData.data).toEqual([expect.stringMatching(/^http:/), expect.stringMatching(/^http:/)]);
  },
  'url-items': async ({ emulator, taskId }) => {
    const { data } = await query(emulator, taskId);
    expect(data.taskResult).toHaveLength(4);
    expect(data.taskResult[0]).toEqual({ url: expect.stringMatching(/^http:/), width: '96', height: '128' });
  },
  'not-found-http': notFound(404, 'Not Found'),
  'not-found-service': notFound(200, '"resCode":"700"'),
  'not-found-text': notFound(200, '"taskStatus":"failed"'),
  'not-found-at-first': async (subject) => {
    await notFound(404, 'Not Found')(subject);
    await notFound(404, 'Not Found')(subject);
    await expectNormal(subject);
  },
  'seen-then-gone': async (subject) => {
    expect(await summaryOf(subject)).toBe(none);
    await notFound(404, 'Not Found')(subject);
    await notFound(404, 'Not Found')(subject);
  },

  'service-500': refusal('500'),
  'service-501': refusal('501'),
  'service-700': refusal('700'),
  'service-801': refusal('801'),
  'service-900': refusal('900'),
  'service-1000': refusal('1000'),
  'service-1001': refusal('1001'),
  'service-1002': refusal('1002'),
  'service-unknown': refusal('4711'),
  'layers-disagree': json({ code: '0', success: 'false', resCode: '500', data: { taskStatus: 'finished' } }),
  'rescode-spelling': async ({ emulator, taskId }) => {
    const reply = await query(emulator, taskId);
    expect([reply.rescode, 'resCode' in reply]).toEqual(['200', false]);
  },
  'no-service-fields': async ({ emulator, taskId }) => {
    const reply = await query(emulator, taskId);
    expect(Object.keys(reply)).toEqual(['code', 'data', 'requestId', 'request_id']);
  },
  'real-types': json({ code: '0', success: true, resCode: 200 }),
  'numeric-ids': async ({ emulator }) => {
    const taskId = emulator.addTask({ taskId: '20240403194141', script: 'numeric-ids' });
    expect(await query(emulator, taskId)).toMatchObject({
      data: { taskId: 20240403194141 },
      requestId: expect.any(Number),
      request_id: expect.any(Number),
    });
  },
  'unknown-fields': json({ usage: 0, _ext_: { nested: [{ deep: { er: null } }] }, data: { taskStatus: 'finished' } }),

  'api-call-limit': json({ code: 'ApiCallLimit', message: expect.stringMatching(/this ban will last 5 seconds$/) }),
  'api-call-limit-zero': json({ code: 'ApiCallLimit', message: expect.stringMatching(/will last 0 seconds$/) }),
  'code-7': json({
    error_response: { code: '7', msg: 'App Call Limited', sub_msg: 'This ban will last for 5 more seconds' },
  }),
  'app-call-limit': json({ code: 'AppCallLimit' }),
  'seller-call-limit': json({ code: 'SellerCallLimit' }),
  'no-resource': json({
    code: 'NoResource',
    message: expect.stringMatching(/^Sorry, your calling resources have been exhausted/),
  }),
  'incomplete-signature': json({ code: 'IncompleteSignature' }),
  'illegal-timestamp': json({ code: 'IllegalTimestamp' }),
  'invalid-app-key': json({ code: 'InvalidAppKey' }),
  'illegal-access-token': json({ code: 'IllegalAccessToken' }),
  'app-white-ip-limit': json({ code: 'AppWhiteIpLimit' }),
  'app-not-subscribed': json({ code: 'AppNotSubscribed' }),
  'missing-parameter': json({ code: 'MissingParameter', type: 'ISV' }),
  'missing-partner': json({ code: 'MissingPartner' }),
  'invalid-api-path': json({ code: 'InvalidApiPath' }),
  'service-timeout': json({ code: 'ServiceTimeout', message: 'rpc timeout' }),
  'service-unavailable': json({ code: 'ServiceUnavailable', type: 'SYSTEM' }),
  'system-error': json({ code: 'SystemError' }),
  'remote-isp': json({ code: '15', msg: 'Remote service error', sub_code: expect.stringMatching(/^isp\./) }),
  'remote-isv': json({ code: '15', type: 'ISP', sub_code: expect.stringMatching(/^isv\./) }),
  'error-response': json({ error_response: { code: 'ServiceUnavailable', request_id: expect.any(String) } }),
  'unknown-gateway-code': json({ code: 'FlowRuleViolation' }),

  'http-400': status(400),
  'http-401': status(401),
  'http-403': status(403),
  'http-404': status(404),
  'http-408': status(408),
  'http-425': status(425),
  'http-500': status(500),
  'http-502': status(502),
  'http-503': status(503),
  'http-504': status(504),
  'http-503-retry-after': status(503, '3'),
  'http-429': status(429),
  'http-429-seconds': status(429, '3'),
  'http-429-date': async (subject) => {
    const { statusCode, headers, body } = await ask(subject);
    await body.dump();
    expect(statusCode).toBe(429);
    expect(Date.parse(String(headers['retry-after'])) - Date.parse(String(headers.date))).toBe(3000);
  },
  'http-429-absurd': status(429, '86400'),
  'http-429-negative': status(429, '-5'),
  'http-429-text': status(429, 'soon'),

  'html-200': raw(200, /^<!DOCTYPE html>/, 'text/html; charset=utf-8'),
  'captcha-200': raw(200, /captcha/, 'text/html; charset=utf-8'),
  'empty-body': raw(200, /^$/, 'application/json'),
  'no-content': raw(204, /^$/),
  'json-array': raw(200, /^\[\]$/, 'application/json'),
  'json-null': raw(200, /^null$/, 'application/json'),
  'json-empty': raw(200, /^\{\}$/, 'application/json'),
  bom: async (subject) => {
    const bytes = Buffer.from(await (await ask(subject)).body.arrayBuffer());
    expect(bytes.subarray(0, 4).toString('hex')).toBe('efbbbf7b');
  },
  'odd-content-type': raw(200, /^\{"code":"0","data"/, 'text/plain'),
  'wrong-charset': raw(200, /^\{"code":"0","data"/, 'application/json;charset=GBK'),
  'redirect-other-host': async (subject) => {
    const { statusCode, headers, body } = await ask(subject);
    await body.dump();
    const location = String(headers.location);
    expect([statusCode, new URL(location).origin === subject.emulator.url]).toEqual([307, false]);
    expect(subject.emulator.stats.trapped).toBe(0);
    await (await request(location)).body.dump();
    expect(subject.emulator.stats.trapped).toBe(1);
  },
  'redirect-loop': async (subject) => {
    const first = await ask(subject);
    await first.body.dump();
    let location = String(first.headers.location);
    for (let hop = 1; hop <= 30; hop++) {
      const { statusCode, headers, body } = await request(new URL(location, subject.emulator.url));
      await body.dump();
      expect([statusCode, subject.emulator.stats.looped]).toEqual([307, hop]);
      location = String(headers.location);
    }
  },

  'reset-before-headers': async (subject) => {
    await expect(ask(subject)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expectNormal(subject);
  },
  'reset-mid-body': async (subject) => {
    const { statusCode, headers, body } = await ask(subject);
    expect([statusCode, Number(headers['content-length']) > 100]).toEqual([200, true]);
    const parts: Buffer[] = [];
    const reading = (async () => {
      for await (const part of body) parts.push(part);
    })();
    await expect(reading).rejects.toThrow();
    expect(Buffer.concat(parts).length).toBe(Math.ceil(Number(headers['content-length']) / 2));
    await expectNormal(subject);
  },
  hang: async (subject) => {
    const abort = new AbortController();
    let isAnswered = false;
    const asking = ask(subject, abort.signal).then(() => {
      isAnswered = true;
    });
    await subject.emulator.waitForQuery(subject.taskId);
    await expectNormal(subject); // after another whole exchange there is still no answer
    expect(isAnswered).toBe(false);
    abort.abort();
    await expect(asking).rejects.toThrow();
  },
  'hang-after-headers': async (subject) => {
    const { statusCode, body } = await ask(subject);
    expect(statusCode).toBe(200);
    let bytes = 0;
    body.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    await expectNormal(subject);
    expect(bytes).toBe(0);
    body.on('error', () => undefined).destroy();
  },
  drip: async (subject) => {
    const { headers, body } = await ask(subject);
    const sizes: number[] = [];
    for await (const part of body) {
      sizes.push(part.length);
      if (sizes.length === 2) break;
    }
    expect([sizes, Number(headers['content-length']) > 300]).toEqual([[1, 1], true]);
  },
  'endless-body': async (subject) => {
    const { headers, body } = await ask(subject);
    expect(headers['transfer-encoding']).toBe('chunked');
    let parts = 0;
    for await (const part of body) {
      expect(part.length).toBeLessThan(64);
      parts += 1;
      if (parts === 4) break;
    }
    await expectNormal(subject);
  },
  'huge-body': async (subject) => {
    const { body } = await ask(subject);
    let bytes = 0;
    for await (const part of body) bytes += part.length;
    expect(bytes).toBeGreaterThan(64 * 1024 * 1024);
    await expectNormal(subject);
  },
  gzip: async (subject) => {
    const { headers, body } = await ask(subject);
    expect(headers['content-encoding']).toBe('gzip');
    const reply = JSON.parse(gunzipSync(await body.arrayBuffer()).toString());
    expect(reply.data.taskStatus).toBe('finished');
  },
  'gzip-bomb': async (subject) => {
    const { headers, body } = await ask(subject);
    const packed = Buffer.from(await body.arrayBuffer());
    expect([headers['content-encoding'], packed.length < 100 * 1024]).toEqual(['gzip', true]);
    expect(gunzipSync(packed).length).toBe(64 * 1024 * 1024);
    await expectNormal(subject);
  },
  'truncated-json': async (subject) => {
    const { statusCode, headers, body } = await ask(subject);
    const text = await body.text();
    expect([statusCode, headers['content-length']]).toEqual([200, String(text.length)]);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(subject.emulator.queries.at(-1)?.ends).toBe(false);
    await expectNormal(subject);
  },
  slow: async (subject) => {
    subject.emulator.script(subject.taskId, { use: 'slow', seconds: 0.3 });
    const order: string[] = [];
    const slow = query(subject.emulator, subject.taskId).then(() => order.push('slow'));
    await subject.emulator.waitForQuery(subject.taskId);
    await expectNormal(subject);
    order.push('next');
    await slow;
    expect(order).toEqual(['next', 'slow']);
  },
  'dead-keep-alive': async ({ emulator, taskId }) => {
    const client = new Client(emulator.url);
    const once = async (): Promise<string> => {
      const { body } = await client.request({
        method: 'POST',
        path: v2Target(emulator),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ task_id: taskId }),
      });
      return JSON.parse(await body.text()).data.taskStatus;
    };
    expect(await once()).toBe('finished');
    await expect(once()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(await once()).toBe('finished');
    expect([emulator.stats.onDeadConnections, emulator.stats.queries]).toEqual([1, 2]);
    await client.close();
  },
};

/** What the first image of a task answers: its status, or why it breaks off. */
async function download({ emulator, taskId }: Subject, withinMs: number): Promise<string> {
  const { taskResult } = (await query(emulator, taskId)).data;
  const url = taskResult[0].taskResult.result.imageList[0].imageUrl;
  try {
    const { statusCode, headers, body } = await request(url, { signal: AbortSignal.timeout(withinMs) });
    const bytes = Buffer.from(await body.arrayBuffer());
    const type = headers['content-type'] ?? '';
    return [statusCode, headers.location ?? type, bytes.length > 100_000 ? 'large' : ''].join(' ').trim();
  } catch (error) {
    const { code, name } = error as { code?: string; name: string };
    return code === undefined || typeof code === 'number' ? name : code;
  }
}

const imageAnswers: Record<DownloadMode, string | RegExp> = {
  hang: 'TimeoutError',
  'hang-mid-body': 'TimeoutError',
  cut: 'ECONNRESET',
  'cut-once': 'ECONNRESET',
  'unavailable-once': '503',
  gone: '404 application/xml',
  html: '200 image/png',
  'wrong-type': '200 text/plain',
  'wrong-length': 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'no-length': '200 image/png',
  'wrong-checksum': '200 image/png',
  compressed: '200 image/png',
  'gzip-bomb': '200 image/png',
  huge: /^200 image\/png large$|^TimeoutError$/,
  'pixel-bomb': '200 image/png',
  redirect: /^302 http:.*\/images\/emulator%2Ftry_on%2F[0-9a-f]{32}_\d+\.png\?/,
  'redirect-loop': /^302 \/images\/emulator%2Ftry_on%2Fredirect-loop%2F/,
  'redirect-metadata': '302 http://169.254.169.254/latest/meta-data/',
  'redirect-loopback': /^302 http:\/\/127\.0\.0\.1:\d+$/,
  'redirect-file': '302 file:///etc/passwd',
};

const imageChecks = Object.fromEntries(
  Object.entries(imageAnswers).map(([mode, answer]): [string, Check] => [
    `image-${mode}`,
    async (subject) => {
      // Only those that may never end are given up.
      const withinMs = /^h(ang|uge)/.test(mode) ? 300 : 20_000;
      const got = await download(subject, withinMs);
      if (typeof answer === 'string') expect(got).toBe(answer);
      else expect(got).toMatch(answer);
      if (mode.endsWith('-once')) expect(await download(subject, withinMs)).toBe('200 image/png');
    },
  ]),
) as Record<`image-${DownloadMode}`, Check>;
const allChecks = { ...checks, ...imageChecks };

// Those of submits are in submit.test.ts.
const names = Object.keys(allChecks) as (keyof typeof allChecks)[];
const rowOf = (name: BehaviourName): Behaviour => behaviours[name];

describe('a behaviour sends what its row says', () => {
  test.each(names)('%s', async (name) => {
    const emulator = await start({ distribution: { fixedSeconds: 0 }, imagesPerSubTask: 2 });
    const taskId = emulator.addTask({ script: name });
    await allChecks[name]({ emulator, taskId });
  });

  test.each(names.filter((name) => rowOf(name).description.endsWith('; once')))(
    '%s ends after one query',
    async (name) => {
      const [step, ...more] = rowOf(name).steps;
      expect([step?.polls, more.length]).toEqual([1, 0]);
    },
  );

  test.each(names.filter((name) => rowOf(name).description.endsWith('for ever')))('%s never ends', async (name) => {
    const last = rowOf(name).steps.at(-1);
    expect([last?.polls, last?.forSeconds, last?.untilSeconds]).toEqual([undefined, undefined, undefined]);
  });
});
