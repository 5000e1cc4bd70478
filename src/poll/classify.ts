/** What one reply means for a wait. Pure: table poll-ups, no clock, no I/O. */
import type { TryOnError } from '../contract.js';
import type { Answer, CodeRow, ErrorClass, Fault, Reply, TaskReply, VendorApi } from './reply.js';
import { type Hint, readHint } from './retry-hint.js';

/** What a reply means. */
export type Classification =
  /** The task goes on; `unknown`: its status is missing or a word that we do not know. */
  | { readonly kind: 'pending'; readonly status: 'submitted' | 'running' | 'unknown'; readonly hint?: Hint }
  /** The vendor says that the task has ended; `error` with `failed`. Sub-tasks are not judged here. */
  | { readonly kind: 'ended'; readonly status: 'finished' | 'failed'; readonly error?: TryOnError }
  /** No word on the task; `retries`: how often the same code is asked again before a `refused` or `failed` is believed. */
  | {
      readonly kind: 'error';
      readonly class: ErrorClass | 'wrongTask';
      readonly error: TryOnError;
      readonly retries: number;
      readonly hint?: Hint;
    };

/** Who asks. */
export interface ClassifyOptions {
  readonly taskId: string;
  /** Takes a reply about another task as ours. Default false. */
  readonly acceptOtherTaskId?: boolean;
  /** Unix milliseconds, for a `Retry-After` date in a reply without a `Date`; default 0, which makes such a date absurd. */
  readonly nowMs?: number;
}

type Layer = TryOnError['layer'];
type PollError = Extract<Classification, { kind: 'error' }>;

const own = (table: Readonly<Record<string, CodeRow>>, key: string): CodeRow | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** The row of a gateway code: with its `sub_code`, with the kind of its `sub_code`, alone. */
export const gatewayRow = (api: VendorApi, code: string, subCode?: string): CodeRow | undefined => {
  const rows = subCode === undefined ? [] : [`${code}/${subCode}`, `${code}/${subCode.split('.')[0]}.*`];
  return [...rows, code].map((key) => own(api.gatewayCodes, key)).find((row) => row !== undefined);
};

/** The row of an HTTP status: its own, else its hundred's. */
export const httpRow = (api: VendorApi, httpStatus: number): CodeRow =>
  own(api.httpStatuses, String(httpStatus)) ??
  own(api.httpStatuses, `${Math.floor(httpStatus / 100)}xx`) ??
  api.unknownCode;

/** The row of a fault's code. */
export const faultRow = (api: VendorApi, code: Fault['code']): CodeRow =>
  own(api.transportCodes, code) ??
  (/^Http\d{3}$/.test(code) ? httpRow(api, Number(code.slice(4))) : undefined) ??
  api.unknownCode;

const matches = (patterns: readonly RegExp[], text: string): boolean => patterns.some((pattern) => pattern.test(text));

/** Classes that a text may turn into `notFound`: the others say more than any text. */
const mayBeNotFound: readonly CodeRow['class'][] = ['ok', 'transient', 'refused', 'failed'];

/** Our word for `success` false without a failed `resCode`. */
const noServiceCode = 'success=false';

interface Failure {
  readonly layer: Layer;
  readonly code: string;
  readonly row: CodeRow | undefined;
  readonly message: string | undefined;
}

/** Turns a failed layer into a classification. */
const pollError = (reply: Reply, api: VendorApi, options: ClassifyOptions, failure: Failure): PollError => {
  const { layer, code } = failure;
  const message = failure.message ?? failure.row?.description ?? api.unknownCode.description;
  const requestId = reply.kind === 'answer' && reply.requestId !== undefined ? { requestId: reply.requestId } : {};
  const row = failure.row ?? api.unknownCode;
  const hinted = readHint(reply, options.nowMs ?? 0, api);
  const hint = hinted ?? (row.waitMs === undefined ? undefined : ({ delayMs: row.waitMs, source: 'code' } as const));
  const rest = { retries: row.retries ?? 0, ...(hint === undefined ? {} : { hint }) };
  // Only the vendor's own words are searched, not the page of some proxy.
  const isWorded = reply.kind === 'answer' && code !== 'BadBody' && mayBeNotFound.includes(row.class);
  if (row.class === 'notFound' || (isWorded && matches(api.notFoundMessages, `${code} ${message}`))) {
    // A fault's message begins with its status already.
    const words = reply.kind === 'fault' ? message : `${code}: ${message}`;
    const error = { layer: 'task', code: 'NotFound', message: words, ...requestId } as const;
    return { kind: 'error', class: 'notFound', error, ...rest };
  }
  const error = { layer, code, message, ...requestId };
  // No row says what the code means, but a text that names a ban does.
  if (failure.row === undefined && hinted?.source === 'message') {
    return { kind: 'error', class: 'throttled', error, ...rest };
  }
  return { kind: 'error', class: row.class === 'ok' ? 'transient' : row.class, error, ...rest };
};

const classifyFault = (fault: Fault, api: VendorApi, options: ClassifyOptions): PollError => {
  const message = fault.excerpt === undefined ? fault.message : `${fault.message}: ${fault.excerpt}`;
  return pollError(fault, api, options, {
    layer: 'transport',
    code: fault.code,
    row: faultRow(api, fault.code),
    message,
  });
};

const gatewayFailure = (answer: Answer, api: VendorApi): Failure | undefined => {
  const { gatewayCode: code, gatewaySubCode: subCode, gatewayMessage } = answer;
  if (code === undefined) return undefined;
  const row = gatewayRow(api, code, subCode);
  if (row?.class === 'ok') return undefined;
  const message = subCode === undefined ? gatewayMessage : [subCode, gatewayMessage].filter(Boolean).join(': ');
  return { layer: 'gateway', code, row, message };
};

const serviceFailure = (answer: Answer, api: VendorApi): Failure | undefined => {
  const { success, serviceCode, serviceMessage: message } = answer;
  const row = serviceCode === undefined ? undefined : own(api.serviceCodes, serviceCode);
  if (serviceCode !== undefined && row?.class !== 'ok') return { layer: 'service', code: serviceCode, row, message };
  if (success !== false) return undefined;
  return { layer: 'service', code: noServiceCode, row: undefined, message };
};

/** The reply's own status: where it fails, the vendor's words for why stand in one of two places. */
const classifyTask = (answer: Answer, task: TaskReply, api: VendorApi, options: ClassifyOptions): Classification => {
  const { requestId } = answer;
  switch (task.status) {
    case 'finished':
      return { kind: 'ended', status: 'finished' };
    case 'failed': {
      const said = answer.serviceMessage?.toLowerCase() === 'success' ? undefined : answer.serviceMessage;
      const message = task.message ?? said ?? 'the vendor gives no reason';
      const failure: Failure = { layer: 'task', code: task.vendorStatus ?? 'failed', row: undefined, message };
      const classification = pollError(answer, api, options, failure);
      if (classification.class === 'notFound') return classification;
      const { layer, code } = failure;
      return {
        kind: 'ended',
        status: 'failed',
        error: { layer, code, message, ...(requestId === undefined ? {} : { requestId }) },
      };
    }
    case 'submitted':
    case 'running':
    case 'unknown': {
      const hint = readHint(answer, options.nowMs ?? 0, api);
      return { kind: 'pending', status: task.status, ...(hint === undefined ? {} : { hint }) };
    }
    default:
      return task.status satisfies never;
  }
};

/**
 * Says what a reply means. Where its layers disagree, the first of these that fails counts:
 *
 * 1. transport: there is no readable answer
 * 2. gateway: `code` other than `0`, whatever the HTTP status
 * 3. the HTTP status, where the body tells no code
 * 4. service: `success` false, or a `resCode` other than 200
 * 5. task: `data.taskStatus`; no task at all is `BadBody`, a task without a known status is pending
 *
 * Two exceptions, since what was paid for should not be lost: a task said to be `finished` that has images goes before a service
 * failure and before a gateway code that is no row; and a `success` false that names no failed code leaves a task said to be
 * `failed` its own end. An answer about another task is `wrongTask`, unless an earlier layer failed; ids are compared as text, and
 * an answer that names no task is taken as ours.
 */
export const classify = (reply: Reply, api: VendorApi, options: ClassifyOptions): Classification => {
  if (reply.kind === 'fault') return classifyFault(reply, api, options);
  const { task, httpStatus = 200 } = reply;
  const otherTaskId =
    task?.taskId !== undefined && task.taskId !== options.taskId && options.acceptOtherTaskId !== true
      ? task.taskId
      : undefined;
  const inHand =
    otherTaskId === undefined && task?.status === 'finished' && task.subTasks.some(({ images }) => images.length > 0);

  const gateway = gatewayFailure(reply, api);
  if (gateway && !(inHand && gateway.row === undefined)) return pollError(reply, api, options, gateway);

  const http: Failure = {
    layer: 'transport',
    code: `Http${httpStatus}`,
    row: httpRow(api, httpStatus),
    message: reply.serviceMessage ?? reply.gatewayMessage,
  };
  const httpFailed = http.row?.class !== 'ok';
  if (httpFailed && reply.gatewayCode === undefined && reply.serviceCode === undefined) {
    return pollError(reply, api, options, http);
  }

  const service = serviceFailure(reply, api);
  const leftToTask = service?.code === noServiceCode && task?.status === 'failed';
  if (service && !inHand && !leftToTask) return pollError(reply, api, options, service);

  if (task === undefined) {
    if (httpFailed) return pollError(reply, api, options, http);
    const excerpt = reply.excerpt === undefined ? '' : `: ${reply.excerpt}`;
    const message = `the answer tells of no task${excerpt}`;
    const row = own(api.transportCodes, 'BadBody');
    return pollError(reply, api, options, { layer: 'transport', code: 'BadBody', row, message });
  }
  if (otherTaskId !== undefined) {
    const error = {
      layer: 'task',
      code: 'WrongTask',
      message: `the answer is about task ${otherTaskId}`,
      ...(reply.requestId === undefined ? {} : { requestId: reply.requestId }),
    } as const;
    return { kind: 'error', class: 'wrongTask', error, retries: 0 };
  }
  return classifyTask(reply, task, api, options);
};
