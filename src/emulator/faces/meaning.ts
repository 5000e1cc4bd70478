/**
 * What a scripted refusal means, and the vendor's own word for it. Scripts name Aidge's codes; a face with another vocabulary shows the code
 * of the same meaning. A code that is the vendor's own is shown as it is. Pure.
 */
import { defined } from '../../defined.js';
import type { Step } from '../step.js';

/** Why a call is refused. */
export type Meaning =
  | 'throttled'
  | 'quota'
  | 'signature'
  | 'time'
  | 'key'
  | 'address'
  | 'not opened'
  | 'parameter'
  | 'path'
  | 'timeout'
  | 'unavailable'
  | 'internal'
  | 'downstream'
  | 'model'
  | 'content'
  | 'content check';

const gatewayMeanings: Readonly<Record<string, Meaning>> = {
  ApiCallLimit: 'throttled',
  AppCallLimit: 'throttled',
  SellerCallLimit: 'throttled',
  '7': 'throttled',
  NoResource: 'quota',
  IncompleteSignature: 'signature',
  IllegalTimestamp: 'time',
  InvalidTimestamp: 'time',
  InvalidAppKey: 'key',
  IllegalAccessToken: 'key',
  AppWhiteIpLimit: 'address',
  AppNotSubscribed: 'not opened',
  MissingParameter: 'parameter',
  MissingPartner: 'parameter',
  InvalidApiPath: 'path',
  ServiceTimeout: 'timeout',
  ServiceUnavailable: 'unavailable',
  SystemError: 'internal',
};

const serviceMeanings: Readonly<Record<string, Meaning>> = {
  '500': 'internal',
  '501': 'throttled',
  '700': 'parameter',
  '801': 'model',
  '900': 'internal',
  '1000': 'content',
  '1001': 'content check',
  '1002': 'content check',
};

/** The code and the text of a scripted refusal. */
export function refusedWith({ gateway, service }: Step): { code: string; message: string } | undefined {
  if (gateway !== undefined) return { code: gateway.code, message: gateway.message };
  return service && { code: service.resCode, message: service.resMessage };
}

/** What a step's refusal means; `undefined` if it has none, or one whose code Aidge does not document. */
export function meaningOf({ gateway, service }: Step): Meaning | undefined {
  if (gateway?.code === '15') return gateway.subCode?.startsWith('isv.') ? 'parameter' : 'downstream';
  if (gateway !== undefined) return gatewayMeanings[gateway.code];
  return service && serviceMeanings[service.resCode];
}

/** One error of a vendor. */
export interface FaceError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** On a query the vendor shows it as a failed task. */
  readonly fails?: boolean;
}

/** A row of {@link FaceErrors}. */
export const row = (status: number, message: string, fails?: true): Omit<FaceError, 'code'> =>
  defined({ status, message, fails });

/** The errors of a vendor. */
export interface FaceErrors {
  /** By the vendor's code. */
  readonly codes: Readonly<Record<string, Omit<FaceError, 'code'>>>;
  /** The vendor's code for each meaning that it has a code for. */
  readonly meanings: Readonly<Partial<Record<Meaning, string>>>;
  /** HTTP status of a code that the vendor does not document. */
  readonly otherStatus: number;
}

/** The error of a meaning; of `internal`, if the vendor has no code for it. */
export function errorFor(meaning: Meaning, { codes, meanings, otherStatus }: FaceErrors): FaceError {
  const code = meanings[meaning] ?? meanings.internal ?? meaning;
  return { code, ...(codes[code] ?? { status: otherStatus, message: meaning }) };
}

/** The vendor's error for a step's refusal, if it has one. */
export function errorOf(step: Step, errors: FaceErrors): FaceError | undefined {
  const refused = refusedWith(step);
  if (refused === undefined) return undefined;
  const own = Object.hasOwn(errors.codes, refused.code) ? errors.codes[refused.code] : undefined;
  if (own !== undefined) return { ...own, ...refused };
  const meaning = meaningOf(step);
  return meaning === undefined ? { status: errors.otherStatus, ...refused } : errorFor(meaning, errors);
}
