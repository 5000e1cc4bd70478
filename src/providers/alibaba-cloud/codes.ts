/**
 * Codes of Alibaba Cloud's OpenAPI, which stands before the services that are called with a RAM AccessKey. Safe in the workflow sandbox.
 * @see https://help.aliyun.com/document_detail/48054.html one of its many copies; also documents 434846 and 435312
 */
import type { CodeRow } from '../../poll/reply.js';
import { limitRemedy } from '../common-codes.js';

/** The rows, with the vendor's variables in the remedies. The documented code `Missing<Parameter>` is to be read as `MissingParameter`. */
export const openApiCodes = ({ prefix, clock }: { readonly prefix: string; readonly clock: string }) => {
  const throttled: CodeRow = { class: 'throttled', description: 'too many calls', remedy: limitRemedy(prefix) };
  const key = { class: 'auth', remedy: `check ${prefix}ACCESS_KEY_ID and ${prefix}ENDPOINT` } as const;
  const permission = { class: 'auth', remedy: "grant the RAM user the operation at the vendor's console" } as const;
  const time: CodeRow = { class: 'clock', description: "the time is too far from the vendor's", remedy: clock };
  const address = { class: 'refused', remedy: `check ${prefix}ENDPOINT` } as const;
  return {
    Throttling: throttled,
    'Throttling.*': throttled, // `Throttling.User`, `Throttling.Api`
    SignatureDoesNotMatch: { class: 'clock', description: 'the signature is wrong', remedy: clock },
    'InvalidTimeStamp.*': time, // `InvalidTimeStamp.Expired`, `InvalidTimeStamp.Format`
    // The next request has another nonce.
    SignatureNonceUsed: { class: 'transient', description: 'the nonce was used before' },
    InvalidAccessKeyId: { ...key, description: 'the AccessKey is unknown' },
    'InvalidAccessKeyId.*': { ...key, description: 'the AccessKey is unknown' },
    'InvalidAccessKeyId.Inactive': { ...key, description: 'the AccessKey is disabled' },
    MissingAccessKeyId: { ...key, description: 'the AccessKey is missing' },
    Forbidden: { ...permission, description: 'the operation is forbidden' },
    'Forbidden.*': { ...permission, description: 'the operation is forbidden' },
    'Forbidden.RAM': { ...permission, description: 'the RAM user may not call the operation' },
    'Forbidden.RiskControl': { ...permission, description: "the vendor's risk control forbids the operation" },
    'Forbidden.UserVerification': { ...permission, description: 'the account is not verified' },
    NoPermission: { ...permission, description: 'the RAM user may not call the operation' },
    InsufficientBalance: { class: 'quota', description: 'the account has no balance left', remedy: 'top up' },
    MissingParameter: { class: 'refused', description: 'a required parameter is missing', remedy: 'check the request' },
    'InvalidParameter.*': { class: 'refused', description: 'a parameter is wrong', remedy: 'check the request' },
    UnsupportedOperation: { ...address, description: 'the operation is unknown' },
    UnsupportedHTTPMethod: { ...address, description: 'the HTTP method is not supported' },
    NoSuchVersion: { ...address, description: 'the version of the API is unknown' },
    InvalidVersion: { ...address, description: 'the version of the API is unknown' },
    InvalidAction: { ...address, description: 'the operation is unknown' },
    'InvalidAction.NotFound': { ...address, description: 'the operation is unknown' },
    'InvalidApi.NotFound': { ...address, description: 'the operation is unknown' },
    'InvalidProduct.NotFound': { ...address, description: 'the host does not serve this API' },
    'InvalidProtocol.NeedSsl': { ...address, description: 'the API wants https' },
    InternalError: { class: 'transient', description: 'internal error' },
    ServiceUnavailable: { class: 'transient', description: 'the platform is down' },
  } as const satisfies Readonly<Record<string, CodeRow>>;
};
