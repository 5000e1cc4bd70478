/** Label values of metrics, from small, closed sets whatever a vendor or a caller sends. Pure. */
import { STATUS_CODES } from 'node:http';
import type { TryOnError } from '../contract.js';
import type { Classification } from '../poll/classify.js';
import type { TransportCode, VendorApi } from '../poll/reply.js';

/** The result of one poll: the vendor's status of a task that is unfinished, the status of one that ended, or the class of an error. */
export type PollResult =
  | Extract<Classification, { kind: 'pending' }>['status']
  | Extract<Classification, { kind: 'ended' }>['status']
  | Exclude<Extract<Classification, { kind: 'error' }>['class'], 'failed'>;

/** The result of a poll, by its classification. */
export function pollResult(classification: Classification): PollResult {
  return classification.kind === 'error' ? classification.class : classification.status;
}

/**
 * The label of what no table or setting has. Vendors may send any code, and callers may name any account: each new label value would be a
 * new time series for as long as the worker runs.
 */
export const otherLabel = 'other';

/** The account as a label: a configured one by its name. */
export const accountLabel = (account: string, configured: ReadonlySet<string>): string =>
  configured.has(account) ? account : otherLabel;

/** The status of an HTTP reply as a label: a registered one by its number. */
export const httpStatusLabel = (status: number | string): string =>
  Object.hasOwn(STATUS_CODES, status) ? String(status) : otherLabel;

const faultCodes = {
  Timeout: true,
  ConnectionFailed: true,
  DnsFailed: true,
  TlsFailed: true,
  TooLarge: true,
  BadBody: true,
  Redirected: true,
  NoKey: true,
} as const satisfies Record<Exclude<TransportCode, `Http${number}`>, true>;

/** Our own codes. */
const ownCodes: Readonly<Record<TryOnError['layer'], readonly string[]>> = {
  transport: [...Object.keys(faultCodes), 'NoWorker', 'Paused'],
  gateway: [],
  service: ['success=false'],
  task: ['NotFound', 'EmptyResult', 'WrongTask', 'failed'],
};

/** The layer and code of an error as labels. */
export function errorLabels(
  { layer, code }: TryOnError,
  api: VendorApi,
): { readonly layer: string; readonly code: string } {
  const tables = {
    transport: {},
    gateway: api.gatewayCodes,
    service: api.serviceCodes,
    task: api.statusWords,
  } as const;
  const httpStatus = layer === 'transport' ? /^Http(\d+)$/.exec(code)?.[1] : undefined;
  const isHttp = httpStatus !== undefined && httpStatusLabel(httpStatus) !== otherLabel;
  const isTaskCode = layer === 'task' && Object.hasOwn(api.taskCodes ?? {}, code);
  const isKnown = isHttp || isTaskCode || ownCodes[layer].includes(code) || Object.hasOwn(tables[layer], code);
  return { layer, code: isKnown ? code : otherLabel };
}
