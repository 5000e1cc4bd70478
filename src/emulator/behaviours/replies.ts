/** Behaviours of the gateway and the service: refusals and other envelopes. Data. */
import { type Behaviour, gateway, once, service } from './row.js';

const throttleMessage = 'Api access frequency exceeds the limit. this ban will last {seconds} seconds';

/** Refusals by the gateway. */
export const gatewayBehaviours = {
  'api-call-limit': gateway(
    { code: 'ApiCallLimit', type: 'ISP', message: throttleMessage },
    'too many calls of this API; throttled for 5 s',
    'documented',
    { ...once, seconds: 5 },
  ),
  'api-call-limit-zero': gateway(
    { code: 'ApiCallLimit', type: 'ISP', message: throttleMessage },
    'too many calls of this API; throttled for 0 s',
    'documented',
    { ...once, seconds: 0 },
  ),
  'code-7': gateway(
    {
      code: '7',
      type: 'ISV',
      style: 'top',
      wrapped: true,
      message: 'App Call Limited',
      subCode: 'accesscontrol.limited-by-api-access-count',
      subMessage: 'This ban will last for {seconds} more seconds',
    },
    'the older protocol: throttled for 5 s, in sub_msg of error_response',
    'documented',
    { ...once, seconds: 5 },
  ),
  'app-call-limit': gateway(
    { code: 'AppCallLimit', type: 'ISP', message: 'App call times exceeds the limit' },
    'the app has used up its calls',
    'documented',
    once,
  ),
  'seller-call-limit': gateway(
    { code: 'SellerCallLimit', type: 'ISP', message: 'The seller calls exceed the limit' },
    'too many calls of the seller',
    'documented',
    once,
  ),
  'no-resource': gateway(
    {
      code: 'NoResource',
      message: 'Sorry, your calling resources have been exhausted, please purchase more or use the trial',
    },
    'no quota is left, for ever',
    'documented',
  ),
  'incomplete-signature': gateway(
    { code: 'IncompleteSignature', message: 'The request signature does not conform to platform standards' },
    'the signature is refused',
    'documented',
    once,
  ),
  'illegal-timestamp': gateway(
    { code: 'IllegalTimestamp', message: 'The timestamp is out of the accepted window' },
    'the timestamp is refused',
    'documented',
    once,
  ),
  'invalid-app-key': gateway(
    { code: 'InvalidAppKey', message: 'The specified app_key is invalid' },
    'the app key is unknown, for ever',
    'documented',
  ),
  'illegal-access-token': gateway(
    { code: 'IllegalAccessToken', message: 'The specified access token is invalid or expired' },
    'the access token is refused, for ever',
    'documented',
  ),
  'app-white-ip-limit': gateway(
    { code: 'AppWhiteIpLimit', message: 'The source IP is not in the app IP white list' },
    'the IP address is not on the allow list, for ever',
    'documented',
  ),
  'app-not-subscribed': gateway(
    { code: 'AppNotSubscribed', message: 'The app is not subscribed' },
    'the app is not subscribed, for ever',
    'documented',
  ),
  'missing-parameter': gateway(
    { code: 'MissingParameter', message: 'The input parameter "task_id" that is mandatory is not supplied' },
    'a parameter is missing, for ever',
    'documented',
  ),
  'missing-partner': gateway(
    { code: 'MissingPartner', message: 'partner_id is missing' },
    'partner_id is missing, for ever',
    'documented',
  ),
  'invalid-api-path': gateway(
    { code: 'InvalidApiPath', message: 'The specified API path is invalid' },
    'the path is unknown or not granted, for ever',
    'documented',
  ),
  'service-timeout': gateway(
    { code: 'ServiceTimeout', type: 'ISP', message: 'rpc timeout' },
    'the back end is too slow',
    'documented',
    once,
  ),
  'service-unavailable': gateway(
    { code: 'ServiceUnavailable', type: 'SYSTEM', message: 'service is currently unavailable' },
    'the platform is down',
    'documented',
    once,
  ),
  'system-error': gateway(
    { code: 'SystemError', type: 'SYSTEM', message: 'service is currently unavailable' },
    'the platform failed',
    'documented',
    once,
  ),
  'remote-isp': gateway(
    {
      code: '15',
      type: 'ISP',
      style: 'top',
      message: 'Remote service error',
      subCode: 'isp.remote-service-timeout',
      subMessage: 'the provider did not answer in time',
    },
    'the service behind the gateway failed (15, isp.*)',
    'documented',
    once,
  ),
  'remote-isv': gateway(
    {
      code: '15',
      type: 'ISP',
      style: 'top',
      message: 'Remote service error',
      subCode: 'isv.402',
      subMessage: 'the request is not acceptable',
    },
    'the service behind the gateway refuses the request (15, isv.*), for ever',
    'documented',
  ),
  'error-response': gateway(
    {
      code: 'ServiceUnavailable',
      type: 'SYSTEM',
      style: 'top',
      wrapped: true,
      message: 'service is currently unavailable',
    },
    'the platform is down, in error_response',
    'documented',
    once,
  ),
  'unknown-gateway-code': gateway(
    { code: 'FlowRuleViolation', type: 'SYSTEM', message: 'flow rule 17' },
    'an undocumented gateway code',
    'guess',
    once,
  ),
} satisfies Record<string, Behaviour>;

/** Refusals by the service, and other spellings of its envelope. */
export const serviceBehaviours = {
  'service-500': service('500', 'system error', 'resCode 500, system error', 'documented', once),
  'service-501': service('501', 'request rate exceeds the limit', 'resCode 501, too many requests', 'documented', once),
  'service-700': service('700', 'invalid input parameters', 'resCode 700, invalid input, for ever', 'documented'),
  'service-801': service('801', 'model inference failed', 'resCode 801, the model failed, for ever', 'documented'),
  'service-900': service('900', 'tpp url error', 'resCode 900, an internal URL failed', 'documented', once),
  'service-1000': service('1000', 'sensitive content', 'resCode 1000, sensitive content, for ever', 'documented'),
  'service-1001': service(
    '1001',
    'content check failed, please retry',
    'resCode 1001, the content check failed',
    'documented',
    once,
  ),
  'service-1002': service(
    '1002',
    'content filter failed',
    'resCode 1002, the content filter failed',
    'documented',
    once,
  ),
  'service-unknown': service('4711', 'out of cheese', 'an undocumented resCode', 'guess', once),
  'layers-disagree': service(
    '500',
    'system error',
    'the gateway reports success, the service an error, and the task is finished',
    'guess',
    {
      ...once,
      task: { state: 'finished' },
    },
  ),
  'rescode-spelling': {
    description: "the normal answer with rescode, the spelling of the page's table",
    basis: 'documented',
    steps: [{ envelope: { resCodeKey: 'rescode' } }],
  },
  'no-service-fields': {
    description: 'the normal answer without success and resCode, as documented for the repair API',
    basis: 'documented',
    steps: [{ envelope: { bare: true } }],
  },
  'real-types': {
    description: 'the normal answer with booleans and numbers instead of text',
    basis: 'documented',
    steps: [{ envelope: { types: 'real' } }],
  },
  'numeric-ids': {
    description: 'request ids as numbers; the task id too, if it is all digits',
    basis: 'guess',
    steps: [{ envelope: { numericIds: true }, task: { taskId: 'number' } }],
  },
  'unknown-fields': {
    description: 'the normal answer with undocumented fields',
    basis: 'documented',
    steps: [{ envelope: { unknownFields: true } }],
  },
} satisfies Record<string, Behaviour>;
