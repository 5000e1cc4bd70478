/**
 * Published SDKs of the gateway's family against the emulator, unchanged, over loopback: whether it reads and checks what they send. A
 * recorder between them keeps each request, so that its signature is also compared with the one that our signer gives for what arrived.
 * No SDK for Java is in a registry; its way of signing is what the platform's pages print.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Response, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signCall, signV1 } from '../../src/providers/aidge/sign.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { callWithSdk, lazopPython, npmSdks, type ParameterPlace, type SdkWork } from '../support/sdks.js';

const apiName = '/ai/virtual/tryon-results';
const taskId = 'b5947f18-f642-4980-9379-749c053335be';

/** Why an SDK does not send or sign a set as the platform's pages say. */
type Oddity =
  /** White space alone: the pages' sample code leaves it out of the signature. */
  | 'blank'
  /** Names that are in another order by a language's rules than by UTF-16 units. */
  | 'language order'
  /** Names that are in another order by code points than by UTF-16 units. */
  | 'code point order'
  /** Names of digits, which an object of JavaScript has first and by their value. */
  | 'numeric order'
  /** Names that must be escaped in a URL. */
  | 'escaped name'
  /** A name that an object of JavaScript does not take by assignment. The SDK leaves it out altogether. */
  | '__proto__';

type Pairs = readonly (readonly [name: string, value: string])[];
const values = (...some: string[]): Pairs => some.map((value, index) => [`note_${index}`, value]);
const names = (...some: string[]): Pairs => some.map((name, index) => [name, `v${index}`]);

const sets: readonly (readonly [what: string, parameters: Pairs, oddity?: Oddity])[] = [
  ['nothing more', []],
  ['plain text', values('hello')],
  ['Latin letters beyond ASCII', values('é ß ø')],
  ['Chinese', values('试穿')],
  ['emoji, joined and coloured', values('👗', '👩🏽‍🦰', '🇩🇪')],
  ['composed and decomposed letters', values('\u00e9', 'e\u0301')],
  ['right to left, with marks', values('\u202bשלום\u202c', 'مرحبا')],
  ['rare characters of four bytes', values('𠮷𝒳')],
  ['plus signs', values('a+b', '+', ' + ')],
  ['percent signs', values('100%', '%', '%%')],
  ['what reads as an escape', values('%41%20%zz%E4')],
  ['ampersands and equals signs', values('a=b&c=d', '&', '=')],
  ['question marks and number signs', values('?a?#b', '#')],
  ['slashes and quotes', values('/\\/', `"'\``)],
  ['separators', values(';', ',', '|', '[]', '{}')],
  ['markup', values('<a href="x">&amp;</a>')],
  ['white space around text', values(' x ', '\tx\t')],
  ['lines', values('a\r\nb', 'a\nb', '\r\n--\r\nx')],
  ['a null character', values('a\u0000b')],
  ['no-break spaces alone, which are not blank', values('\u00a0', '\u2007', '\u202f')],
  ['a byte order mark alone, and before text', values('\ufeff', '\ufeffx')],
  ['a next-line character alone', values('\u0085')],
  ['nothing as a value', values(''), 'blank'],
  ['spaces alone', values('  '), 'blank'],
  ['separators of ASCII alone', values('\u001c\u001d\u001e\u001f'), 'blank'],
  ['wide spaces alone', values('\u3000\u2028\u2003'), 'blank'],
  ['JSON', values(JSON.stringify([{ clothesList: [{ imageUrl: 'https://shop.example/a.jpg?b=c&d' }] }]))],
  ['a long text', values('x'.repeat(6000))],
  ['a long text beyond ASCII', values('试'.repeat(600))],
  ['fifty parameters', names(...Array.from({ length: 50 }, (_, index) => `n_${String(index).padStart(2, '0')}`))],
  ['the names of the published sample', names('foo', 'bar', 'foo_bar', 'foobar')],
  ['names that objects have', names('constructor', 'toString', 'hasOwnProperty')],
  ['the name __proto__', names('__proto__'), '__proto__'],
  ['upper case', names('Zebra', 'apple'), 'language order'],
  ['names that differ in case', names('Note', 'note', 'NOTE'), 'language order'],
  ['names beyond ASCII', names('é', '试穿'), 'language order'],
  ['names of four bytes', names('\u{1f457}', '\uff5e'), 'code point order'],
  ['digits', names('10', '9', '1'), 'numeric order'],
  ['names with a blank, a plus and a percent sign', names('a b', 'a+b', 'a%20b', 'a&b=c'), 'escaped name'],
  ['names of the platform, sent as business parameters', [['sign_method', 'sha256']]],
];

/** Nearly as long as a body may be, and longer than a URL. */
const longest: (typeof sets)[number] = ['a very long text', values('试x+%'.repeat(60_000))];
const setsFor = (form: ParameterPlace) => (form === 'form' || form === 'multipart' ? [...sets, longest] : sets);

interface Recorded {
  readonly parameters: Readonly<Record<string, string>>;
  readonly reply: Readonly<Record<string, unknown>>;
}

let emulator: Emulator;
let recorded: Map<string, Recorded>;
const recorder = createServer(async (incoming, outgoing) => {
  const body = await buffer(incoming);
  const { method = '', url = '', headers } = incoming;
  const type = headers['content-type'] ?? '';
  const forwarded = { ...(type && { 'content-type': type }) };
  const answer = await request(emulator.url + url, {
    method: method as 'GET' | 'POST',
    headers: forwarded,
    ...(body.length > 0 ? { body } : {}),
  });
  const reply = await answer.body.text();
  const parameters = new Map(new URL(url, 'http://localhost').searchParams);
  const isForm = type.startsWith('application/x-www-form-urlencoded') || type.startsWith('multipart/form-data');
  const form = isForm ? await new Response(new Uint8Array(body), { headers: forwarded }).formData() : [];
  for (const [name, value] of form) if (typeof value === 'string') parameters.set(name, value);
  recorded.set(parameters.get('case') ?? '', { parameters: Object.fromEntries(parameters), reply: JSON.parse(reply) });
  outgoing.writeHead(answer.statusCode, { 'content-type': 'application/json' }).end(reply);
});

beforeAll(async () => {
  emulator = await startEmulator();
  emulator.addTask({ taskId, script: 'finished' });
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
  await Promise.all([lazopPython(), npmSdks()]); // cold, they are fetched first
}, 600_000);

afterAll(async () => {
  recorder.closeAllConnections();
  recorder.close();
  await emulator?.close();
});

/** Our own client's way: a form, signed by the first scheme. */
async function callWithOwnSigner({ url, appKey, appSecret, calls }: SdkWork): Promise<void> {
  for (const pairs of calls) {
    const parameters = Object.fromEntries(pairs);
    const timestampMs = Date.now();
    const { path, body, contentType } = signCall({ scheme: 'v1', apiName, parameters, appKey, appSecret, timestampMs });
    await request(url + path, { method: 'POST', headers: { 'content-type': contentType }, body });
  }
}

const ofLazop: readonly Oddity[] = ['blank', 'code point order'];
const ofLazada: readonly Oddity[] = ['blank', 'numeric order', '__proto__'];
const ofAe: readonly Oddity[] = ['blank', 'language order', 'code point order', 'escaped name'];

describe.each<[name: string, sdk: Parameters<typeof callWithSdk>[0] | 'own', ParameterPlace, readonly Oddity[]]>([
  ['our signer, by a form', 'own', 'form', []],
  ['lazop-sdk (Python), by a form', 'lazop-sdk', 'form', ofLazop],
  ['lazop-sdk (Python), by GET', 'lazop-sdk', 'query', ofLazop],
  ['lazop-sdk (Python), with a file', 'lazop-sdk', 'multipart', ofLazop],
  ['lazada-open-platform-sdk (Node.js), by GET', 'lazada-open-platform-sdk', 'query', ofLazada],
  ['lazada-open-platform-sdk (Node.js), by POST', 'lazada-open-platform-sdk', 'json', ofLazada],
  ['ae_sdk (Node.js), by POST without a body', 'ae_sdk', 'query', ofAe],
])('%s', (_, sdk, form, oddities) => {
  beforeAll(async () => {
    recorded = new Map();
    const { appKey, appSecret } = emulator;
    const url = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
    const calls = setsFor(form).map(
      ([what, parameters]): Pairs => [['case', what], ['task_id', taskId], ...parameters],
    );
    const work = { url, appKey, appSecret, apiName, calls };
    await (sdk === 'own' ? callWithOwnSigner(work) : callWithSdk(sdk, form, work));
  }, 120_000);

  const cases = setsFor(form).map(([what, sent, oddity]) => [what, sent, oddity] as const);
  test.each(cases)('%s', (what, sent, oddity) => {
    const { parameters, reply } = recorded.get(what) ?? {};
    const { sign, ...signed } = parameters ?? {};
    const ours = signV1({ apiName, parameters: signed, secret: emulator.appSecret });
    const isOdd = oddity !== undefined && oddities.includes(oddity);
    if (isOdd && oddity !== '__proto__') {
      expect(reply).toMatchObject({ code: 'IncompleteSignature' });
      expect(sign).not.toBe(ours);
      return;
    }
    const arrived = sent.filter(([name, value]) => Object.hasOwn(signed, name) && signed[name] === value);
    expect(arrived).toEqual(isOdd ? [] : sent);
    expect(sign).toBe(ours);
    expect(reply).toMatchObject({ code: '0', data: { taskId, taskStatus: 'finished' } });
  });
});
