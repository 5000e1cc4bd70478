/** The vendor's reply bodies, spelled as its documents spell them. Pure. */

/** `text`: every scalar of the envelope as text, as the query page's sample; `real`: booleans and numbers. */
export type ScalarTypes = 'text' | 'real';

/** The ids of one exchange. */
export interface RequestIds {
  /** Gateway: 25 characters. */
  readonly request_id: string;
  /** Service, and `_trace_id_`: 30 characters. */
  readonly requestId: string;
}

/** Ids in the form of the published samples: IPv4 as hex, milliseconds, a count; the service's with `e` and four hex more. */
export function requestIds(atMs: number, count: number): RequestIds {
  const request_id = `7f000001${String(Math.floor(atMs)).padStart(13, '0').slice(-13)}${String(count % 10_000).padStart(4, '0')}`;
  return { request_id, requestId: `${request_id}e${(count % 65_536).toString(16).padStart(4, '0')}` };
}

/** JSON with `<`, `>`, `&`, `=` and `'` as `\u` escapes, as the vendor's serialiser writes it by default. */
export function htmlSafeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&='\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The service's part of a reply. */
export interface ServiceFields {
  readonly success: boolean;
  /** A number as text. */
  readonly resCode: string;
  readonly resMessage: string;
}

export const serviceOk: ServiceFields = { success: true, resCode: '200', resMessage: 'success' };

/** What may differ from the documented envelope. */
export interface EnvelopeStyle {
  readonly types?: ScalarTypes;
  /** `rescode`: as the page's table spells it, against its own sample. */
  readonly resCodeKey?: 'resCode' | 'rescode';
  /** Leaves out `success`, `resCode` and `resMessage`, as the documented reply of the repair API does. */
  readonly bare?: boolean;
  /** Adds fields that no page names. */
  readonly unknownFields?: boolean;
  /** `requestId` and `request_id` as numbers. */
  readonly numericIds?: boolean;
}

/** A reply that passed the gateway, in the key order of the query page's sample. */
export function serviceReply(
  data: unknown,
  service: ServiceFields,
  ids: RequestIds,
  style: EnvelopeStyle = {},
): Record<string, unknown> {
  const real = style.types === 'real';
  return {
    code: '0',
    ...(data === undefined ? {} : { data }),
    ...(style.unknownFields
      ? { usage: 0, _ext_: { zone: 'eu', nested: [{ deep: { er: null } }] }, costInfo: '{"unit":"image"}' }
      : {}),
    requestId: style.numericIds ? Number(ids.requestId.replace(/\D/g, '').slice(8, 23)) : ids.requestId,
    ...(style.bare
      ? {}
      : {
          success: real ? service.success : String(service.success),
          [style.resCodeKey ?? 'resCode']: real ? Number(service.resCode) : service.resCode,
          resMessage: service.resMessage,
        }),
    request_id: style.numericIds ? Number(ids.request_id.slice(8, 23)) : ids.request_id,
  };
}

/** A refusal by the gateway. */
export interface GatewayError {
  readonly code: string;
  readonly message: string;
  /** Whose fault, in the platform's words. */
  readonly type?: 'SYSTEM' | 'ISV' | 'ISP';
  /** `top`: the older protocol's field names (`msg`, `sub_code`, `sub_msg`), where `message` becomes `msg`. */
  readonly style?: 'gop' | 'top';
  readonly subCode?: string;
  readonly subMessage?: string;
  /** Within `error_response`. */
  readonly wrapped?: boolean;
}

/** The body of a gateway's refusal. `{seconds}` in its texts becomes `seconds`. */
export function gatewayReply(error: GatewayError, ids: RequestIds, seconds = 0): Record<string, unknown> {
  const fill = (text: string): string => text.replaceAll('{seconds}', String(seconds));
  const body: Record<string, unknown> = {
    type: error.type ?? 'ISV',
    code: error.code,
    [error.style === 'top' ? 'msg' : 'message']: fill(error.message),
    ...(error.subCode === undefined ? {} : { sub_code: error.subCode }),
    ...(error.subMessage === undefined ? {} : { sub_msg: fill(error.subMessage) }),
    request_id: ids.request_id,
    _trace_id_: ids.requestId,
  };
  return error.wrapped ? { error_response: body } : body;
}

/** The reply of both submit calls. */
export function submitReply(taskId: string, ids: RequestIds, style: EnvelopeStyle): Record<string, unknown> {
  return serviceReply({ result: { taskId } }, serviceOk, ids, style);
}

/** The reply of `/ai/query/balance`, whose sample has real types. */
export function balanceReply(balance: number, ids: RequestIds): Record<string, unknown> {
  return { code: '0', data: { balance }, success: true, request_id: ids.request_id, _trace_id_: ids.requestId };
}
