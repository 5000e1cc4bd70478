/** The errors of Aidge's generation of 2026, by its page of codes and by Alibaba Cloud's common codes; and what its shape lacks. Data. */
import type { Limits } from './features.js';
import type { FaceErrors } from './meaning.js';

const ok = 200;

/** Codes of the service. The page does not state their HTTP status; its sample is a plain reply. */
const serviceCodes: FaceErrors['codes'] = {
  InvalidParameter: { status: ok, message: 'Invalid request parameter' },
  InputContentBlocked: { status: ok, message: 'Input content violates policy, please modify and retry' },
  OutputContentBlocked: { status: ok, message: 'Output content violates policy' },
  CallerTypeNotSupported: { status: ok, message: 'Caller type not supported' },
  UserStatusInvalid: { status: ok, message: 'User status invalid' },
  ServiceNotOpened: { status: ok, message: 'Service not activated, please activate the service first' },
  ServiceStatusInvalid: { status: ok, message: 'Service status abnormal, please contact the administrator' },
  FreeQuotaExhausted: { status: ok, message: 'Free quota exhausted; purchase a package' },
  PriorityUnavailable: { status: ok, message: 'Request priority unavailable' },
  DownstreamUnavailable: { status: ok, message: 'Service temporarily unavailable' },
  UsageParseFail: { status: ok, message: 'Internal error: usage cannot be parsed' },
  // The stored page is cut before the other internal errors: a guess.
  InternalError: { status: ok, message: 'Internal error' },
  // No code: a query shows a failed task.
  InferenceFailed: { status: ok, message: 'model inference failed', fails: true },
};

const serviceMeanings: FaceErrors['meanings'] = {
  quota: 'FreeQuotaExhausted',
  'not opened': 'ServiceNotOpened',
  parameter: 'InvalidParameter',
  timeout: 'DownstreamUnavailable',
  downstream: 'DownstreamUnavailable',
  unavailable: 'DownstreamUnavailable',
  internal: 'InternalError',
  model: 'InferenceFailed',
  content: 'InputContentBlocked',
  'content check': 'DownstreamUnavailable',
};

/** Over HTTP. The gateway's refusals are spelled by the face. */
export const httpErrors: FaceErrors = {
  otherStatus: ok,
  // The page names the status, not the code.
  codes: { ...serviceCodes, Throttling: { status: 429, message: 'Request was denied due to request throttling.' } },
  meanings: { ...serviceMeanings, throttled: 'Throttling' },
};

/** As RPC calls. */
export const rpcErrors: FaceErrors = {
  otherStatus: ok,
  codes: {
    ...serviceCodes,
    'Throttling.User': { status: 400, message: 'Request was denied due to user flow control.' },
    'InvalidAccessKeyId.NotFound': { status: 404, message: 'Specified access key is not found.' },
    SignatureDoesNotMatch: { status: 400, message: 'Specified signature is not matched with our calculation.' },
    'InvalidTimeStamp.Expired': { status: 400, message: 'Specified time stamp or date value is expired.' },
    'InvalidAction.NotFound': { status: 404, message: 'Specified api is not found, please check your url and method.' },
    'Forbidden.RAM': { status: 403, message: 'User not authorized to operate on the specified resource.' },
    ServiceUnavailable: { status: 503, message: 'The request has failed due to a temporary failure of the server.' },
  },
  meanings: {
    ...serviceMeanings,
    throttled: 'Throttling.User',
    key: 'InvalidAccessKeyId.NotFound',
    signature: 'SignatureDoesNotMatch',
    time: 'InvalidTimeStamp.Expired',
    path: 'InvalidAction.NotFound',
    address: 'Forbidden.RAM',
    unavailable: 'ServiceUnavailable',
  },
};

/** What the shape lacks. */
export const limits: Limits = {
  'error address': { nearest: 'AppWhiteIpLimit over HTTP, Forbidden.RAM as RPC' },
  'error timeout': { nearest: 'DownstreamUnavailable' },
  'error model': { nearest: 'a failed task' },
  'error content check': { nearest: 'DownstreamUnavailable' },
  'status of a sub-task': { refused: 'an image has no status of its own' },
  'progress of sub-tasks': { nearest: '`IN_PROGRESS` without a result' },
  'failed sub-task': { nearest: 'fewer images' },
  'spelling of resCode': { refused: 'there is no resCode' },
  'types of scalars': { nearest: 'the normal answer' },
  'shape json-text': { nearest: 'the normal answer, whose `Result` is JSON text' },
};
