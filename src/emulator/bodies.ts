/** The vendor's reply bodies, spelled as in its documents. Pure. */
import { defined } from '../defined.js';

/** `text`: every scalar of the envelope as text, as in the query page's sample; `real`: booleans and numbers. */
export type ScalarTypes = 'text' | 'real';

/** The ids of one exchange. */
export interface RequestIds {
  /** Gateway: 25 characters. */
  readonly request_id: string;
  /** Service, and `_trace_id_`: 30 characters. */
  readonly requestId: string;
}

/** Ids in the form of the published samples: IPv4 as hex, milliseconds, a count; the service's id adds `e` and four hex digits. */
export function requestIds(atMs: number, count: number): RequestIds {
  const request_id = `7f000001${String(Math.floor(atMs)).padStart(13, '0').slice(-13)}${String(count % 10_000).padStart(4, '0')}`;
  return { request_id, requestId: `${request_id}e${(count % 65_536).toString(16).padStart(4, '0')}` };
}

/** JSON with `<`, `>`, `&`, `=` and `'` as `\u` escapes, the default of the vendor's serialiser. */
export function htmlSafeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&='\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The service layer of a reply. */
export interface ServiceFields {
  readonly success: boolean;
  /** A number as text. */
  readonly resCode: string;
  readonly resMessage: string;
}

/** Success. */
export const serviceOk: ServiceFields = { success: true, resCode: '200', resMessage: 'success' };

/** Differences from the documented envelope. */
export interface EnvelopeStyle {
  readonly types?: ScalarTypes;
  /** `rescode`: the spelling of the page's table; its sample has `resCode`. */
  readonly resCodeKey?: 'resCode' | 'rescode';
  /** Leaves out `success`, `resCode` and `resMessage`, as in the documented reply of the repair API. */
  readonly bare?: boolean;
  /** Adds fields that no page names. */
  readonly unknownFields?: boolean;
  /** `requestId` and `request_id` as numbers. */
  readonly numericIds?: boolean;
}

/** A service's reply, in the key order of the query page's sample. */
export function serviceReply(
  data: unknown,
  service: ServiceFields,
  ids: RequestIds,
  style: EnvelopeStyle = {},
): Record<string, unknown> {
  const isReal = style.types === 'real';
  const unknownFields = {
    usage: 0,
    _ext_: { zone: 'eu', nested: [{ deep: { er: null } }] },
    costInfo: '{"unit":"image"}',
  };
  const serviceFields = {
    success: isReal ? service.success : String(service.success),
    [style.resCodeKey ?? 'resCode']: isReal ? Number(service.resCode) : service.resCode,
    resMessage: service.resMessage,
  };
  return defined({
    code: '0',
    data,
    ...(style.unknownFields ? unknownFields : {}),
    requestId: style.numericIds ? Number(ids.requestId.replace(/\D/g, '').slice(8, 23)) : ids.requestId,
    ...(style.bare ? {} : serviceFields),
    request_id: style.numericIds ? Number(ids.request_id.slice(8, 23)) : ids.request_id,
  });
}

/** A refusal by the gateway. */
export interface GatewayError {
  readonly code: string;
  readonly message: string;
  /** The party at fault, in the platform's terms. */
  readonly type?: 'SYSTEM' | 'ISV' | 'ISP';
  /** `top`: the field names of the older protocol (`msg`, `sub_code`, `sub_msg`). */
  readonly style?: 'gop' | 'top';
  readonly subCode?: string;
  readonly subMessage?: string;
  /** Puts the body into an `error_response` object. */
  readonly wrapped?: boolean;
}

/** The body of a gateway's refusal. `{seconds}` in its texts is filled in. */
export function gatewayReply(error: GatewayError, ids: RequestIds, seconds = 0): Record<string, unknown> {
  const fill = (text: string): string => text.replaceAll('{seconds}', String(seconds));
  const body = defined({
    type: error.type ?? 'ISV',
    code: error.code,
    [error.style === 'top' ? 'msg' : 'message']: fill(error.message),
    sub_code: error.subCode,
    sub_msg: error.subMessage && fill(error.subMessage),
    request_id: ids.request_id,
    _trace_id_: ids.requestId,
  });
  return error.wrapped ? { error_response: body } : body;
}

/** The reply of both submit calls. */
export function submitReply(data: unknown, ids: RequestIds, style: EnvelopeStyle): Record<string, unknown> {
  return serviceReply(data, serviceOk, ids, style);
}

/** The reply of `/ai/query/balance`. Its sample has booleans and numbers. */
export function balanceReply(balance: number, ids: RequestIds): Record<string, unknown> {
  return { code: '0', data: { balance }, success: true, request_id: ids.request_id, _trace_id_: ids.requestId };
}
