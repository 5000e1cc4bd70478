/** Label values of metrics, from small, closed sets whatever the vendor sends. Pure. */
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

/** The label of a code that no table has. Vendors may send anything, and each new label value is a new time series. */
export const otherCode = 'other';

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
  // There are few enough codes of three digits.
  const isHttp = layer === 'transport' && /^Http[1-5]\d\d$/.test(code);
  const isKnown = isHttp || ownCodes[layer].includes(code) || Object.hasOwn(tables[layer], code);
  return { layer, code: isKnown ? code : otherCode };
}
