/**
 * The gateway: parses a request and refuses what the vendor would refuse. Mandatory parameters, the two forms of a timestamp and its
 * window are in the platform's pages, methods in the vendor's. The codes rest on public reports of the same gateway software; the order
 * of the checks and the answer to a wrong method are guesses. Pure.
 * @see https://open.alitrip.com/docs/doc.htm?docType=1&articleId=108067 the platform's mandatory parameters
 */
import type { EmulatedAccount } from './accounts.js';
import type { GatewayError } from './bodies.js';
import { isBlank, isSigned, schemeOf } from './signature.js';

/** The emulated paths. */
export const apiNames = {
  query: '/ai/virtual/tryon-results',
  submit: '/ai/virtual/tryon',
  submitPro: '/ai/virtual/tryon-pro',
  balance: '/ai/query/balance',
} as const;

/** A request as received. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The text fields of a multipart body; absent if the body is of another type or cannot be read. */
  readonly multipart?: readonly Pair[];
}

/** Name and value of a parameter, decoded. */
export type Pair = readonly [name: string, value: string];

/** A parsed request. */
export interface GatewayCall {
  readonly method: string;
  /** Without `/rest`. */
  readonly apiName: string;
  readonly scheme: 'v1' | 'v2';
  /** All that V1 signs: query and form body, decoded. Without a prototype, so that no name is special. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Business parameters of query, form body and JSON body. Without a prototype. */
  readonly business: Readonly<Record<string, unknown>>;
  readonly trial: boolean;
  /** Whether the body could be parsed by its content type. */
  readonly isReadable: boolean;
}

const systemNames = ['app_key', 'timestamp', 'sign_method', 'sign', 'sign_ver', 'partner_id', 'access_token', 'debug'];

/** The type of a request's body. */
export const bodyTypes = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
  multipart: 'multipart/form-data',
} as const;

/** Whether the request says that its body is of this type. */
export function hasBody(headers: RawRequest['headers'], type: keyof typeof bodyTypes): boolean {
  return String(headers['content-type'] ?? '')
    .toLowerCase()
    .startsWith(bodyTypes[type]);
}

/** Parses a request. Never throws. Of two parameters with one name the last counts, and the body comes after the query: a guess. */
export function readCall(raw: RawRequest): GatewayCall {
  const [path = ''] = raw.target.split('?', 1);
  const apiName = path.replace(/^\/rest(?=\/)/, '');
  const parameters: Record<string, string> = Object.create(null);
  const form = formOf(raw);
  for (const [name, value] of [...new URLSearchParams(raw.target.slice(path.length)), ...(form ?? [])]) {
    parameters[name] = value;
  }
  const business: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(parameters)) {
    if (!systemNames.includes(name)) business[name] = value;
  }
  const fields = form !== undefined ? {} : hasBody(raw.headers, 'json') ? objectOf(raw.body) : undefined;
  Object.assign(business, fields);
  return {
    method: raw.method,
    apiName,
    scheme: schemeOf(parameters),
    parameters,
    business,
    trial: raw.headers['x-iop-trial'] === 'true',
    isReadable: fields !== undefined,
  };
}

/** The fields of a form, none for no body, or `undefined` if the body is no form. */
function formOf(raw: RawRequest): Iterable<Pair> | undefined {
  if (raw.body === '') return [];
  if (hasBody(raw.headers, 'multipart')) return raw.multipart;
  return hasBody(raw.headers, 'form') ? new URLSearchParams(raw.body) : undefined;
}

/** The JSON object of a body; `undefined` for anything else. */
export function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const missing = (name: string): GatewayError => ({
  code: 'MissingParameter',
  message: `The input parameter "${name}" that is mandatory for processing this request is not supplied`,
});

/** The methods that the pages name: POST on all of them, and GET on the Chinese page of the query. */
const documentedMethods: Readonly<Record<string, readonly string[]>> = {
  [apiNames.query]: ['POST', 'GET'],
  [apiNames.submit]: ['POST'],
  [apiNames.submitPro]: ['POST'],
  [apiNames.balance]: ['POST'],
};

/** The methods by which this API may be called. A lenient emulator takes every call by GET too. */
export function methodsOf(apiName: string, strict: boolean): readonly string[] {
  return strict ? (documentedMethods[apiName] ?? []) : ['POST', 'GET'];
}

/** The platform's two forms of a timestamp: digits are milliseconds; text is RFC 3339. `undefined` for anything else. */
function timeOf(timestamp: string): number | undefined {
  if (/^\d{1,16}$/.test(timestamp)) return Number(timestamp);
  const isText = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(timestamp);
  const atMs = isText ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** Settings of the checks. */
export interface GatewayRules {
  readonly accounts: readonly EmulatedAccount[];
  readonly nowMs: number;
  /** Largest accepted difference between a timestamp and now. */
  readonly timeWindowSeconds: number;
  /** False: any call of a known path is accepted; an unknown key counts as the first account's. */
  readonly strict: boolean;
}

/** The account of a call, or the refusal. */
export type CallAdmission = { readonly account: EmulatedAccount } | { readonly refusal: GatewayError };

/** Whether the call is one of the older API. */
const isOlder = ({ apiName }: GatewayCall): boolean => Object.values<string>(apiNames).includes(apiName);

/** Whether the call submits a task of the older API. */
const isOlderSubmit = ({ apiName }: GatewayCall): boolean =>
  apiName === apiNames.submit || apiName === apiNames.submitPro;

/** Accepts or refuses a call. By default the known calls are those of the older API. */
export function admit(
  call: GatewayCall,
  rules: GatewayRules,
  isKnown: boolean = isOlder(call),
  isSubmit: boolean = isOlderSubmit(call),
): CallAdmission {
  const refuse = (refusal: GatewayError): CallAdmission => ({ refusal });
  const { parameters } = call;
  if (!isKnown) return refuse({ code: 'InvalidApiPath', message: 'The specified API path is invalid' });
  const account = rules.accounts.find(({ appKey }) => appKey !== undefined && appKey === parameters.app_key);
  if (!rules.strict) {
    const [first] = rules.accounts;
    const caller = account ?? first;
    return caller ? { account: caller } : refuse({ code: 'InvalidAppKey', message: 'There is no account' });
  }
  for (const name of ['app_key', 'timestamp', 'sign_method', 'sign']) {
    if (isBlank(parameters[name] ?? '')) return refuse(missing(name));
  }
  if (account === undefined) return refuse({ code: 'InvalidAppKey', message: 'The specified app_key is invalid' });
  const { timestamp = '', sign_method: method } = parameters;
  const atMs = timeOf(timestamp) ?? Number.NEGATIVE_INFINITY;
  if (Math.abs(atMs - rules.nowMs) > rules.timeWindowSeconds * 1000) {
    return refuse({ code: 'IllegalTimestamp', message: 'The timestamp is out of the accepted window' });
  }
  if (method !== 'sha256' || !isSigned(call, account.appSecret ?? '')) {
    return refuse({
      code: 'IncompleteSignature',
      message: 'The request signature does not conform to platform standards',
    });
  }
  // The platform's pages do not name it among the mandatory ones (V1); all examples of V2 send it.
  if (call.scheme === 'v2' && isBlank(parameters.partner_id ?? '')) {
    return refuse({ code: 'MissingPartner', message: 'partner_id is missing' });
  }
  if (account.ipRefused) {
    return refuse({ code: 'AppWhiteIpLimit', message: 'The source IP is not in the app IP white list' });
  }
  if (account.notGranted?.includes(call.apiName)) {
    return refuse({ code: 'InvalidApiPath', message: 'The API is not granted to this app' });
  }
  if ((account.trialOnly && !call.trial) || (isSubmit && account.submitsLeft === 0)) {
    return refuse({ code: 'NoResource', message: 'Sorry, your calling resources have been exhausted' });
  }
  return { account };
}
