/**
 * The cases that every vendor API must pass, as data. `docs/vendors.md` explains the columns. A case is spelt by each vendor (`spelt`), or is the
 * same for all (`shared`). `script` is the case for the emulator, whose faces spell it from the vendor's pages.
 */
import type { ErrorClass, TransportCode } from '../../../src/poll/reply.js';
import type { Step, WireMode } from '../../../src/testing.js';

/** What happens to a connection in place of an answer. */
export type Break = 'closed' | 'closed in the body' | 'silent' | 'body above 4 MiB' | 'redirect';

/** An HTTP answer. `json` is written as JSON; `text` is sent as it is. Neither: an empty body. */
export interface Wire {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  /** In place of an answer, with the code of the fault that the client makes of it. */
  readonly broken?: { readonly how: Break; readonly code: TransportCode };
  /** What this vendor's reply comes to in place of what the case says, and why. */
  readonly differs?: { readonly expected: Partial<PollExpected>; readonly why: string };
}

/** Why a vendor does not have a case. */
export interface Skip {
  readonly skip: string;
}

/** What the core makes of a reply to a poll. */
export type PollMeaning = 'submitted' | 'running' | 'unknown' | 'finished' | 'task failed' | ErrorClass | 'wrongTask';

/** A poll: what it means, and what the wait does, if the vendor goes on to answer like that. */
export interface PollExpected {
  readonly call: 'poll';
  /** `auth` takes `clock` too: the vendor's HTTP 401 can be about the time. */
  readonly meaning: PollMeaning;
  readonly wait: 'goes on' | 'blocked' | 'finished' | 'partial' | 'failed' | 'notFound' | 'timeout';
  readonly images?: number;
  readonly hintMs?: number;
}

/** A submit. */
export interface SubmitExpected {
  readonly call: 'submit';
  readonly result: 'accepted' | 'rejected' | 'rejected, safe to retry' | 'maybe submitted';
}

/** A cancellation. `refused`: the task goes on. `again`: the vendor could not be asked. */
export interface CancelExpected {
  readonly call: 'cancel';
  readonly cancelled: 'taken' | 'refused' | 'again';
}

/** One case. */
export interface Case {
  readonly group: string;
  readonly title: string;
  readonly expected: PollExpected | SubmitExpected | CancelExpected;
  readonly script?: Step;
}

/** A case that is the same for all vendors. */
export interface SharedCase extends Case {
  readonly wire: Wire;
}

type More = Partial<Omit<PollExpected, 'call' | 'meaning'>>;
const poll = (meaning: PollMeaning, more: More = {}): PollExpected => ({
  call: 'poll',
  meaning,
  wait: 'goes on',
  ...more,
});
const ends = (meaning: PollMeaning, wait: PollExpected['wait'], images?: number): PollExpected =>
  images === undefined ? { call: 'poll', meaning, wait } : { call: 'poll', meaning, wait, images };
const submit = (result: SubmitExpected['result']): SubmitExpected => ({ call: 'submit', result });
const cancel = (cancelled: CancelExpected['cancelled']): CancelExpected => ({ call: 'cancel', cancelled });
const row = (group: string, title: string, expected: Case['expected'], script?: Step): Case =>
  script === undefined ? { group, title, expected } : { group, title, expected, script };

/** The id of the task in all cases. */
export const taskId = 'c0ffee00-1111-4222-8333-444455556666';
/** An image's URL, with an escape and a signature that must stay as they are. */
export const urlOf = (name: string, signature = 'a%2Fb%3D'): string =>
  `https://images.test/owner%2F${name}.png?Expires=1780315869&Signature=${signature}`;
/** Longer than any event may be. */
export const hugeUrl = `https://images.test/${'a'.repeat(300 * 1024)}.png`;

const gateway = (code: string, message = 'scripted'): Step => ({ gateway: { code, message, type: 'ISV' } });
const progress = 'progress';
const results = 'results';
const failures = 'failures';
const unknown = 'unknown tasks';
const account = 'account';
const limits = 'limits';
const platform = 'platform';
const transport = 'transport';
const odd = 'odd replies';
const submits = 'submit';
const cancels = 'cancel';

/** Cases that each vendor spells. */
export const spelt = {
  submitted: row(progress, 'submitted, not begun', poll('submitted'), { task: { state: 'submitted' } }),
  running: row(progress, 'running', poll('running'), { task: { state: 'running' } }),
  runningOtherCase: row(progress, 'a state in upper or lower case', poll('running')),
  runningImage: row(progress, 'an image while others still run', poll('running', { images: 1 })),
  strangeState: row(progress, 'a state never seen', poll('unknown'), { task: { statusWord: 'PONDERING' } }),
  noState: row(progress, 'no state', poll('unknown'), { task: { noStatus: true } }),
  noTaskId: row(progress, 'no task id', poll('running'), { task: { state: 'running', taskId: 'absent' } }),
  moreFields: row(progress, 'further fields', poll('running')),
  runningHint: row(progress, 'running, with `Retry-After: 7`', poll('running', { hintMs: 7_000 })),

  finished: row(results, 'finished, one image', ends('finished', 'finished', 1), { task: { state: 'finished' } }),
  severalImages: row(results, 'three images', ends('finished', 'finished', 3)),
  partial: row(results, 'one image, one sub-task failed', ends('finished', 'partial', 1), {
    task: { state: 'partial' },
  }),
  allFailed: row(results, 'finished, every sub-task failed', ends('finished', 'failed', 0)),
  empty: row(results, 'finished without an image', ends('finished', 'failed', 0), {
    task: { state: 'finished', images: 'none' },
  }),
  sameImage: row(results, 'an image twice, signed anew', ends('finished', 'finished', 1)),
  manyImages: row(results, '1,000 images', ends('finished', 'finished', 1_000)),
  oddImages: row(results, 'an empty URL, a number and null beside an image', ends('finished', 'finished', 1)),
  hugeImage: row(results, 'an image whose URL no event could carry', ends('finished', 'failed', 0)),

  failed: row(failures, 'failed, with a reason', ends('task failed', 'failed', 0), { task: { state: 'failed' } }),
  failedSilently: row(failures, 'failed, without a reason', ends('task failed', 'failed', 0)),
  failedByContent: row(failures, 'failed in the content check', ends('task failed', 'failed', 0)),
  failedByInput: row(failures, 'failed, an input image cannot be used', ends('task failed', 'failed', 0)),
  failedStrangely: row(failures, 'failed for a reason never seen', ends('task failed', 'failed', 0)),
  failedWithImage: row(failures, 'failed, with an image', ends('task failed', 'partial', 1)),
  cancelled: row(failures, 'cancelled at the vendor', ends('task failed', 'failed', 0)),
  timedOut: row(failures, 'given up by the vendor after some time', ends('task failed', 'failed', 0)),

  unknownTask: row(unknown, 'a task that the vendor does not know', ends('notFound', 'notFound'), {
    notFound: 'http404',
  }),
  expiredTask: row(unknown, 'a task that has expired', ends('notFound', 'notFound')),
  otherTask: row(unknown, 'the reply is about another task', ends('wrongTask', 'blocked'), {
    task: { state: 'running', taskId: 'other' },
  }),

  wrongKey: row(account, 'wrong key', ends('auth', 'blocked'), gateway('InvalidAppKey')),
  noPermission: row(account, 'the key may not call this', ends('auth', 'blocked'), gateway('AppNotSubscribed')),
  wrongTime: row(account, "signature's time refused", ends('clock', 'blocked'), gateway('IllegalTimestamp')),
  noQuota: row(account, 'quota or credits used up', ends('quota', 'blocked'), gateway('NoResource')),
  inDebt: row(account, 'unpaid bill, or frozen account', ends('quota', 'blocked')),

  throttled: row(limits, 'too many calls', poll('throttled'), gateway('AppCallLimit')),
  tooManyTasks: row(limits, 'too many tasks at once', poll('throttled')),
  throttledText: row(limits, 'too many calls, the text says for 3 s', poll('throttled', { hintMs: 3_000 })),
  throttledHint: row(limits, 'too many calls, with `Retry-After: 7`', poll('throttled', { hintMs: 7_000 })),

  internal: row(platform, 'internal error', poll('transient'), gateway('SystemError')),
  slowBackend: row(platform, 'the service behind the API is too slow', poll('transient'), gateway('ServiceTimeout')),
  strangeCode: row(platform, 'an error code never seen', poll('transient'), gateway('NeverSeen')),
  badRequest: row(platform, 'the request is refused', ends('refused', 'failed'), gateway('MissingParameter')),

  wrongTypes: row(odd, 'numbers, lists and objects in place of texts', poll('unknown')),
  longTexts: row(odd, 'texts of 100,000 characters', ends('task failed', 'failed', 0)),
  hugeReply: row(odd, '4 MiB of sub-tasks', poll('running')),

  accepted: row(submits, 'accepted', submit('accepted'), {}),
  acceptedSilently: row(submits, 'accepted without a task id', submit('maybe submitted')),
  submitRefused: row(submits, 'refused', submit('rejected'), gateway('MissingParameter')),
  submitNoQuota: row(submits, 'quota or credits used up', submit('rejected'), gateway('NoResource')),
  submitWrongKey: row(submits, 'wrong key', submit('rejected'), gateway('InvalidAppKey')),
  submitThrottled: row(submits, 'too many calls', submit('rejected, safe to retry'), gateway('AppCallLimit')),
  submitInternal: row(submits, 'internal error', submit('maybe submitted'), gateway('SystemError')),

  cancelTaken: row(cancels, 'taken', cancel('taken'), { task: { state: 'submitted' } }),
  cancelLate: row(cancels, 'the task has begun', cancel('refused'), { task: { state: 'finished' } }),
  cancelUnknown: row(cancels, 'the vendor does not know the task', cancel('refused'), {}),
} satisfies Record<string, Case>;

/** Name of a case that vendors spell. */
export type SpeltName = keyof typeof spelt;

const page = '<html><body>an error page of a proxy</body></html>';
const status = (code: number, text = page, headers: Wire['headers'] = {}): Wire => ({ status: code, text, headers });
const sharedRow = (
  group: string,
  title: string,
  wire: Wire,
  expected: Case['expected'],
  script?: Step,
): SharedCase => ({ ...row(group, title, expected, script), wire });
const http = (code: number, retryAfter?: string): Step => ({
  http: retryAfter === undefined ? { status: code, body: page } : { status: code, body: page, retryAfter },
});
const broken = (how: Break, code: TransportCode): Wire => ({ broken: { how, code } });
const wire = (mode: WireMode): Step => ({ wire: mode });
const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;

/** Cases that are the same for all vendors. */
export const shared: Readonly<Record<string, SharedCase>> = {
  http401: sharedRow(account, 'HTTP 401 without a code', status(401), ends('auth', 'blocked'), http(401)),
  http403: sharedRow(account, 'HTTP 403 without a code', status(403), ends('auth', 'blocked'), http(403)),
  http429: sharedRow(limits, 'HTTP 429 without a code', status(429), poll('throttled'), http(429)),
  http429Hint: sharedRow(
    limits,
    'HTTP 429 with `Retry-After: 9`',
    status(429, page, { 'retry-after': '9' }),
    poll('throttled', { hintMs: 9_000 }),
    http(429, '9'),
  ),
  http429Date: sharedRow(
    limits,
    'HTTP 429 with a date in `Retry-After`',
    status(429, page, {
      date: 'Sat, 31 Jan 2026 12:00:00 GMT',
      'retry-after': 'Sat, 31 Jan 2026 12:00:20 GMT',
    }),
    poll('throttled', { hintMs: 20_000 }),
  ),
  http503Hint: sharedRow(
    limits,
    'HTTP 503 with `Retry-After: 30`',
    status(503, page, { 'retry-after': '30' }),
    poll('transient', { hintMs: 30_000 }),
    http(503, '30'),
  ),
  hintOfAYear: sharedRow(
    limits,
    'a `Retry-After` of a year: the deadline bounds it',
    status(429, page, { 'retry-after': '31536000' }),
    poll('throttled', { hintMs: 31_536_000_000, wait: 'timeout' }),
    http(429, '31536000'),
  ),
  http404: sharedRow(unknown, 'HTTP 404 without a code', status(404), ends('notFound', 'notFound'), http(404)),
  http408: sharedRow(platform, 'HTTP 408', status(408), poll('transient'), http(408)),
  http500: sharedRow(platform, 'HTTP 500', status(500), poll('transient'), http(500)),
  http502: sharedRow(platform, 'HTTP 502', status(502), poll('transient'), http(502)),
  http503: sharedRow(platform, 'HTTP 503', status(503), poll('transient'), http(503)),
  http504: sharedRow(platform, 'HTTP 504', status(504), poll('transient'), http(504)),
  closed: sharedRow(
    transport,
    'the connection is closed before the answer',
    broken('closed', 'ConnectionFailed'),
    poll('transient'),
    wire('reset-before-headers'),
  ),
  closedInBody: sharedRow(
    transport,
    'the connection is closed in the answer',
    broken('closed in the body', 'ConnectionFailed'),
    poll('transient'),
    wire('reset-mid-body'),
  ),
  silent: sharedRow(transport, 'no answer in time', broken('silent', 'Timeout'), poll('transient'), wire('hang')),
  tooLarge: sharedRow(
    transport,
    'more than 4 MiB',
    broken('body above 4 MiB', 'TooLarge'),
    poll('transient'),
    wire('huge'),
  ),
  redirect: sharedRow(transport, 'a redirect: not followed', broken('redirect', 'Redirected'), poll('transient'), {
    http: { status: 302, location: 'trap' },
  }),
  submitClosed: sharedRow(
    submits,
    'the connection is closed before the answer',
    broken('closed', 'ConnectionFailed'),
    submit('maybe submitted'),
    wire('reset-before-headers'),
  ),
  nothing: sharedRow(odd, 'an empty body', {}, poll('transient'), { http: { status: 200 } }),
  page: sharedRow(odd, 'a page with status 200', status(200), poll('transient'), http(200)),
  list: sharedRow(odd, 'a list', { text: '[]' }, poll('transient')),
  nil: sharedRow(odd, '`null`', { text: 'null' }, poll('transient')),
  emptyObject: sharedRow(odd, '`{}`', { text: '{}' }, poll('transient')),
  cutOff: sharedRow(odd, 'JSON that ends in the middle', { text: '{"output":{"status":"RUN' }, poll('transient')),
  deep: sharedRow(odd, 'lists 50,000 deep', { text: deep }, poll('transient')),
  prototypes: sharedRow(
    odd,
    'names such as `__proto__`',
    { text: '{"__proto__":{"code":"X","status":"failed"},"constructor":{"name":"x"}}' },
    poll('transient'),
  ),
  submitPage: sharedRow(submits, 'HTTP 502 without a code', status(502), submit('maybe submitted'), http(502)),
  submitNothing: sharedRow(submits, 'an empty body', {}, submit('maybe submitted')),
};

/** One vendor API's spelling of the cases. */
export interface Spelling {
  readonly api: string;
  /** The request that is submitted, as JSON text, with a number that no JavaScript number holds. */
  readonly request: string;
  /** What the vendor gets: method, path and, where it matters, headers and body. */
  readonly requests: Readonly<Record<'poll' | 'submit', ExpectedRequest>> & { readonly cancel?: ExpectedRequest };
  readonly cases: Readonly<Record<SpeltName, Wire | Skip>>;
}

/** A request as the vendor documents it. */
export interface ExpectedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body holds this text. */
  readonly body?: string;
}

/** A case and its answer for one vendor. */
export type VendorCase = Case & { readonly name: string; readonly answer: Wire | Skip };

/** All cases of one vendor, by group. */
export function casesOf({ cases }: Pick<Spelling, 'cases'>): VendorCase[] {
  const own = (Object.entries(spelt) as [SpeltName, Case][]).map(([name, one]) => ({
    name,
    ...one,
    answer: cases[name],
  }));
  const others = Object.entries(shared).map(([name, { wire, ...one }]) => ({ name, ...one, answer: wire }));
  const groups = [progress, results, failures, unknown, account, limits, platform, transport, odd, submits, cancels];
  return [...own, ...others].sort((one, other) => groups.indexOf(one.group) - groups.indexOf(other.group));
}
