/** What one reply means for a wait. Pure: looks codes up in tables; no clock, no I/O. */
import type { TryOnError } from '../contract.js';
import { defined } from '../defined.js';
import type { Answer, CodeRow, ErrorClass, Fault, Reply, TaskReply, VendorApi } from './reply.js';
import { type RetryHint, readHint } from './retry-hint.js';

/** What a reply means. */
export type Classification =
  /** The task goes on; `unknown`: its status is missing or a word that we do not know. */
  | { readonly kind: 'pending'; readonly status: 'submitted' | 'running' | 'unknown'; readonly hint?: RetryHint }
  /** The vendor says that the task has ended; `error` with `failed`. Sub-tasks are not considered here. */
  | { readonly kind: 'ended'; readonly status: 'finished' | 'failed'; readonly error?: TryOnError }
  /** The reply says nothing about the task. `retries`: how often the same code is polled again before `refused` or `failed` is final. */
  | {
      readonly kind: 'error';
      readonly class: ErrorClass | 'wrongTask';
      readonly error: TryOnError;
      readonly retries: number;
      readonly hint?: RetryHint;
    };

/** What a reply is classified for. */
export interface ClassifyOptions {
  readonly taskId: string;
  /** Accepts a reply about another task as ours. Default false. */
  readonly acceptOtherTaskId?: boolean;
  /** Unix milliseconds, for a `Retry-After` date in a reply without a `Date`; default 0, which puts such a date out of range. */
  readonly nowMs?: number;
}

type Layer = TryOnError['layer'];
type ErrorClassification = Extract<Classification, { kind: 'error' }>;

const own = (table: Readonly<Record<string, CodeRow>>, key: string): CodeRow | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** The row of a gateway code: with its `sub_code`, with the kind of its `sub_code`, alone, by what it has before its first dot. */
export const gatewayRow = (api: VendorApi, code: string, subCode?: string): CodeRow | undefined => {
  const rows = subCode === undefined ? [] : [`${code}/${subCode}`, `${code}/${subCode.split('.')[0]}.*`];
  const family = code.includes('.') ? [`${code.split('.')[0]}.*`] : [];
  return [...rows, code, ...family].map((key) => own(api.gatewayCodes, key)).find((row) => row !== undefined);
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

/** Whether the signature or its time was refused, which a wrong clock explains. */
export function isClockRefused(reply: Reply, api: VendorApi): boolean {
  if (reply.kind === 'fault') return faultRow(api, reply.code).class === 'clock';
  const { gatewayCode, gatewaySubCode, serviceCode, httpStatus = 200 } = reply;
  if (gatewayCode !== undefined) return gatewayRow(api, gatewayCode, gatewaySubCode)?.class === 'clock';
  return serviceCode === undefined && httpRow(api, httpStatus).class === 'clock';
}

const matches = (patterns: readonly RegExp[], text: string): boolean => patterns.some((pattern) => pattern.test(text));

/** Classes that a message text may turn into `notFound`; the others are more certain than a text. */
const mayBeNotFound: readonly CodeRow['class'][] = ['ok', 'transient', 'refused', 'failed'];

/** Our word for `success` false without a failed `resCode`. */
const noServiceCode = 'success=false';

interface Failure {
  readonly layer: Layer;
  readonly code: string;
  readonly row: CodeRow | undefined;
  readonly message: string | undefined;
}

/** Classifies a failed layer. */
const classifyFailure = (
  reply: Reply,
  api: VendorApi,
  options: ClassifyOptions,
  failure: Failure,
): ErrorClassification => {
  const { layer, code } = failure;
  const message = failure.message ?? failure.row?.description ?? api.unknownCode.description;
  const requestId = reply.kind === 'answer' ? defined({ requestId: reply.requestId }) : {};
  const row = failure.row ?? api.unknownCode;
  const hinted = readHint(reply, options.nowMs ?? 0, api);
  const hint = hinted ?? (row.waitMs === undefined ? undefined : ({ delayMs: row.waitMs, source: 'code' } as const));
  const rest = { retries: row.retries ?? 0, ...defined({ hint }) };
  // Only the vendor's own words are searched, not the page of some proxy.
  const hasVendorText = reply.kind === 'answer' && code !== 'BadBody' && mayBeNotFound.includes(row.class);
  if (row.class === 'notFound' || (hasVendorText && matches(api.notFoundMessages, `${code} ${message}`))) {
    // A fault's message begins with its status already.
    const text = reply.kind === 'fault' ? message : `${code}: ${message}`;
    const error = { layer: 'task', code: 'NotFound', message: text, ...requestId } as const;
    return { kind: 'error', class: 'notFound', error, ...rest };
  }
  const error = { layer, code, message, ...requestId };
  // The code has no row, but its text announces a throttle.
  if (failure.row === undefined && hinted?.source === 'message') {
    return { kind: 'error', class: 'throttled', error, ...rest };
  }
  return { kind: 'error', class: row.class === 'ok' ? 'transient' : row.class, error, ...rest };
};

const classifyFault = (fault: Fault, api: VendorApi, options: ClassifyOptions): ErrorClassification => {
  const message = fault.excerpt === undefined ? fault.message : `${fault.message}: ${fault.excerpt}`;
  return classifyFailure(fault, api, options, {
    layer: 'transport',
    code: fault.code,
    row: faultRow(api, fault.code),
    message,
  });
};

const gatewayFailure = (answer: Answer, api: VendorApi): Failure | undefined => {
  const { gatewayCode: code, gatewaySubCode: subCode, gatewayMessage, httpStatus = 200 } = answer;
  if (code === undefined) return undefined;
  const byStatus = api.hasErrorStatuses === true ? httpRow(api, httpStatus) : undefined;
  const row = gatewayRow(api, code, subCode) ?? (byStatus?.class === 'ok' ? undefined : byStatus);
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

const pending = (
  status: Extract<Classification, { kind: 'pending' }>['status'],
  reply: Answer,
  api: VendorApi,
  { nowMs = 0 }: ClassifyOptions,
): Classification => ({ kind: 'pending', status, ...defined({ hint: readHint(reply, nowMs, api) }) });

/** Classifies the task's own status. The reason for a failed task stands in one of two places. */
const classifyTask = (answer: Answer, task: TaskReply, api: VendorApi, options: ClassifyOptions): Classification => {
  const { requestId } = answer;
  switch (task.status) {
    case 'finished':
      return { kind: 'ended', status: 'finished' };
    case 'failed': {
      const reason = answer.serviceMessage?.toLowerCase() === 'success' ? undefined : answer.serviceMessage;
      const row = task.code === undefined ? undefined : own(api.taskCodes ?? {}, task.code);
      const message = task.message ?? reason ?? row?.description ?? 'the vendor gives no reason';
      const failure: Failure = { layer: 'task', code: task.code ?? task.vendorStatus ?? 'failed', row, message };
      const classification = classifyFailure(answer, api, options, failure);
      // A task that failed has ended, unless its code says that it is not the task that failed.
      const isEnd = row === undefined || row.class === 'failed' || row.class === 'refused';
      if (classification.class === 'notFound' || !isEnd) return classification;
      const { layer, code } = failure;
      return {
        kind: 'ended',
        status: 'failed',
        error: { layer, code, message, ...defined({ requestId }) },
      };
    }
    case 'submitted':
    case 'running':
    case 'unknown':
      return pending(task.status, answer, api, options);
    default:
      return task.status satisfies never;
  }
};

/**
 * Classifies a reply. Where its layers disagree, the first of these that fails decides:
 *
 * 1. transport: there is no readable answer
 * 2. gateway: `code` other than `0`, whatever the HTTP status
 * 3. the HTTP status, where the body has no code
 * 4. service: `success` false, or a `resCode` other than 200
 * 5. task: `data.taskStatus`; a task without a known status is pending, and so is a success without a task; no task at all is `BadBody`
 *
 * Two exceptions protect results that were paid for. A task that is `finished` and has images overrules a service failure and a gateway
 * code without a row. A `success` false without a failed code leaves a `failed` task its own end.
 *
 * An answer about another task is `wrongTask`, unless an earlier layer failed. Ids are compared as text; an answer without a task id is
 * taken as ours.
 */
export const classify = (reply: Reply, api: VendorApi, options: ClassifyOptions): Classification => {
  if (reply.kind === 'fault') return classifyFault(reply, api, options);
  const { task, httpStatus = 200 } = reply;
  const otherTaskId =
    task?.taskId !== undefined && task.taskId !== options.taskId && options.acceptOtherTaskId !== true
      ? task.taskId
      : undefined;
  const hasResult =
    otherTaskId === undefined && task?.status === 'finished' && task.subTasks.some(({ images }) => images.length > 0);

  const gateway = gatewayFailure(reply, api);
  if (gateway && !(hasResult && gateway.row === undefined)) return classifyFailure(reply, api, options, gateway);

  const http: Failure = {
    layer: 'transport',
    code: `Http${httpStatus}`,
    row: httpRow(api, httpStatus),
    message: reply.serviceMessage ?? reply.gatewayMessage,
  };
  const httpFailed = http.row?.class !== 'ok';
  if (httpFailed && reply.gatewayCode === undefined && reply.serviceCode === undefined) {
    return classifyFailure(reply, api, options, http);
  }

  const service = serviceFailure(reply, api);
  const leftToTask = service?.code === noServiceCode && task?.status === 'failed';
  if (service && !hasResult && !leftToTask) return classifyFailure(reply, api, options, service);

  if (task === undefined) {
    if (httpFailed) return classifyFailure(reply, api, options, http);
    // A success without a task: this task is not there yet. The account is fine.
    if (reply.success === true || reply.serviceCode !== undefined) return pending('unknown', reply, api, options);
    const excerpt = reply.excerpt === undefined ? '' : `: ${reply.excerpt}`;
    const message = `the answer has no task${excerpt}`;
    const row = own(api.transportCodes, 'BadBody');
    return classifyFailure(reply, api, options, { layer: 'transport', code: 'BadBody', row, message });
  }
  if (otherTaskId !== undefined) {
    const error = {
      layer: 'task',
      code: 'WrongTask',
      message: `the answer is about task ${otherTaskId}`,
      ...defined({ requestId: reply.requestId }),
    } as const;
    return { kind: 'error', class: 'wrongTask', error, retries: 0 };
  }
  return classifyTask(reply, task, api, options);
};
