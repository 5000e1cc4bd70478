/**
 * Named behaviours of the emulated vendor, as data: rows of a table that documents, tests and the command line share. What is
 * `documented` rests on the vendor's pages or examples or on its gateway's; what is a `guess` nobody has seen of this vendor;
 * a `fault` is none of the vendor's words but what networks, proxies and servers do.
 */
import type { GatewayError } from './bodies.js';
import type { HttpAnswer, Step, TaskView } from './scripts.js';

/** One row. */
export interface Behaviour {
  /** One line, for `--help` and the documents. */
  readonly description: string;
  readonly basis: 'documented' | 'guess' | 'fault';
  readonly steps: readonly Step[];
}

type Basis = Behaviour['basis'];
const once = { polls: 1 } as const;

const wire = (mode: NonNullable<Step['wire']>, description: string, more: Step = {}): Behaviour => ({
  description: `${description}; once`,
  basis: 'fault',
  steps: [{ ...once, wire: mode, ...more }],
});
const http = (answer: HttpAnswer, description: string, limit: Step = once): Behaviour => ({
  description: limit.polls === 1 ? `${description}; once` : description,
  basis: 'fault',
  steps: [{ ...limit, http: answer }],
});
const gateway = (error: GatewayError, description: string, basis: Basis, more: Step = {}): Behaviour => ({
  description: more.polls === 1 ? `${description}; once` : description,
  basis,
  steps: [{ ...more, gateway: error }],
});
const service = (
  resCode: string,
  resMessage: string,
  description: string,
  basis: Basis,
  more: Step = {},
): Behaviour => ({
  description: more.polls === 1 ? `${description}; once` : description,
  basis,
  steps: [{ ...more, service: { success: false, resCode, resMessage } }],
});
const task = (view: TaskView, description: string, basis: Basis = 'guess', more: Step = {}): Behaviour => ({
  description,
  basis,
  steps: [{ ...more, task: view }],
});

const proxyPage = (title: string): string =>
  `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
const html = 'text/html; charset=utf-8';
const proxied = (status: number, title: string): HttpAnswer => ({
  status,
  body: proxyPage(`${status} ${title}`),
  contentType: html,
});
const banned = 'Api access frequency exceeds the limit. this ban will last {seconds} seconds';

const onTheWire = {
  'reset-before-headers': wire('reset-before-headers', 'the connection is reset before any answer'),
  'reset-mid-body': wire('reset-mid-body', 'the connection is reset half-way through the body'),
  hang: wire('hang', 'no answer ever comes'),
  'hang-after-headers': wire('hang-after-headers', 'headers come, the body never does'),
  drip: wire('drip', 'the body comes one byte every half second'),
  'endless-body': wire('endless', 'a body that goes on for ever, some bytes ten times a second'),
  'huge-body': wire('huge', 'a body of 64 MiB, as fast as it is read'),
  gzip: { description: 'the normal answer, compressed', basis: 'fault', steps: [{ wire: 'gzip' }] },
  'gzip-bomb': wire('gzip-bomb', '64 KiB that decompress to 64 MiB'),
  'truncated-json': wire('truncated', 'HTTP 200 whose JSON breaks off half-way'),
  slow: wire('slow', 'the normal answer, two seconds late', { seconds: 2 }),
  'dead-keep-alive': wire('dead-keep-alive', 'the normal answer, and the connection dies when it is used again'),
} satisfies Record<string, Behaviour>;

const inTheBody = {
  'html-200': http({ status: 200, body: proxyPage('Welcome'), contentType: html }, 'HTTP 200 with an HTML page'),
  'captcha-200': http(
    { status: 200, body: proxyPage('Please complete the captcha to continue'), contentType: html },
    'HTTP 200 with a captcha page',
  ),
  'empty-body': http({ status: 200, contentType: 'application/json' }, 'HTTP 200 with an empty body'),
  'no-content': http({ status: 204 }, 'HTTP 204'),
  'json-array': http({ status: 200, body: '[]', contentType: 'application/json' }, 'HTTP 200 with a JSON array'),
  'json-null': http({ status: 200, body: 'null', contentType: 'application/json' }, 'HTTP 200 with JSON null'),
  'json-empty': http(
    { status: 200, body: '{}', contentType: 'application/json' },
    'HTTP 200 with an empty JSON object',
  ),
  bom: { description: 'the normal answer after a byte order mark', basis: 'fault', steps: [{ prefix: '\ufeff' }] },
  'odd-content-type': {
    description: 'the normal answer as text/plain',
    basis: 'fault',
    steps: [{ contentType: 'text/plain' }],
  },
  'wrong-charset': {
    description: 'the normal answer in UTF-8, declared to be GBK',
    basis: 'fault',
    steps: [{ contentType: 'application/json;charset=GBK' }],
  },
  'redirect-other-host': http({ status: 307, location: 'trap' }, 'a redirect to another server'),
  'redirect-loop': http({ status: 307, location: 'loop' }, 'a redirect into an endless chain of them'),
} satisfies Record<string, Behaviour>;

const inTheStatus = {
  'http-400': http(proxied(400, 'Bad Request'), 'HTTP 400 for ever', {}),
  'http-401': http(proxied(401, 'Unauthorized'), 'HTTP 401'),
  'http-403': http(proxied(403, 'Forbidden'), 'HTTP 403'),
  'http-404': http(proxied(404, 'Not Found'), 'HTTP 404'),
  'http-408': http(proxied(408, 'Request Timeout'), 'HTTP 408'),
  'http-425': http(proxied(425, 'Too Early'), 'HTTP 425'),
  'http-500': http(proxied(500, 'Internal Server Error'), 'HTTP 500'),
  'http-502': http(proxied(502, 'Bad Gateway'), 'HTTP 502'),
  'http-503': http(proxied(503, 'Service Unavailable'), 'HTTP 503'),
  'http-504': http(proxied(504, 'Gateway Timeout'), 'HTTP 504'),
  'http-503-retry-after': http(
    { ...proxied(503, 'Service Unavailable'), retryAfter: '{seconds}' },
    'HTTP 503 with Retry-After in seconds (3)',
    { ...once, seconds: 3 },
  ),
  'http-429': http(proxied(429, 'Too Many Requests'), 'HTTP 429 without a hint'),
  'http-429-seconds': http(
    { ...proxied(429, 'Too Many Requests'), retryAfter: '{seconds}' },
    'HTTP 429 with Retry-After in seconds (3)',
    { ...once, seconds: 3 },
  ),
  'http-429-date': http(
    { ...proxied(429, 'Too Many Requests'), retryAfter: '{date}' },
    'HTTP 429 with Retry-After as a date (3 s after its own Date)',
    { ...once, seconds: 3 },
  ),
  'http-429-absurd': http(
    { ...proxied(429, 'Too Many Requests'), retryAfter: '86400' },
    'HTTP 429 that asks for a day of silence',
  ),
  'http-429-negative': http({ ...proxied(429, 'Too Many Requests'), retryAfter: '-5' }, 'HTTP 429, Retry-After -5'),
  'http-429-text': http({ ...proxied(429, 'Too Many Requests'), retryAfter: 'soon' }, 'HTTP 429, Retry-After in words'),
} satisfies Record<string, Behaviour>;

const fromTheGateway = {
  'api-call-limit': gateway(
    { code: 'ApiCallLimit', type: 'ISP', message: banned },
    'too many calls of this API, with a ban of 5 s',
    'documented',
    { ...once, seconds: 5 },
  ),
  'api-call-limit-zero': gateway(
    { code: 'ApiCallLimit', type: 'ISP', message: banned },
    'too many calls of this API, with a ban of 0 s',
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
    'the older protocol: limited, with a ban of 5 s in sub_msg, within error_response',
    'documented',
    { ...once, seconds: 5 },
  ),
  'app-call-limit': gateway(
    { code: 'AppCallLimit', type: 'ISP', message: 'App call times exceeds the limit' },
    'the app is over its budget',
    'documented',
    once,
  ),
  'seller-call-limit': gateway(
    { code: 'SellerCallLimit', type: 'ISP', message: 'The seller calls exceed the limit' },
    'the per-seller limit',
    'documented',
    once,
  ),
  'no-resource': gateway(
    {
      code: 'NoResource',
      message: 'Sorry, your calling resources have been exhausted, please purchase more or use the trial',
    },
    'no quota left, for ever',
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
    'the time is refused',
    'documented',
    once,
  ),
  'invalid-app-key': gateway(
    { code: 'InvalidAppKey', message: 'The specified app_key is invalid' },
    'the key is unknown, for ever',
    'documented',
  ),
  'illegal-access-token': gateway(
    { code: 'IllegalAccessToken', message: 'The specified access token is invalid or expired' },
    'the token is refused, for ever',
    'documented',
  ),
  'app-white-ip-limit': gateway(
    { code: 'AppWhiteIpLimit', message: 'The source IP is not in the app IP white list' },
    'the caller is not on the allow list, for ever',
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
    'the provider failed by its own fault (15, isp.*)',
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
    'the provider refuses the request (15, isv.*), for ever',
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
    'the platform is down, told within error_response',
    'documented',
    once,
  ),
  'unknown-gateway-code': gateway(
    { code: 'FlowRuleViolation', type: 'SYSTEM', message: 'flow rule 17' },
    'a gateway code that no page names',
    'guess',
    once,
  ),
} satisfies Record<string, Behaviour>;

const fromTheService = {
  'service-500': service('500', 'system error', 'resCode 500, system error', 'documented', once),
  'service-501': service('501', 'request rate exceeds the limit', 'resCode 501, too many requests', 'documented', once),
  'service-700': service('700', 'invalid input parameters', 'resCode 700, invalid input, for ever', 'documented'),
  'service-801': service('801', 'model inference failed', 'resCode 801, the model failed, for ever', 'documented'),
  'service-900': service('900', 'tpp url error', 'resCode 900, an internal address failed', 'documented', once),
  'service-1000': service('1000', 'sensitive content', 'resCode 1000, sensitive content, for ever', 'documented'),
  'service-1001': service(
    '1001',
    'content check failed, please retry',
    'resCode 1001, check failed',
    'documented',
    once,
  ),
  'service-1002': service('1002', 'content filter failed', 'resCode 1002, filter failed', 'documented', once),
  'service-unknown': service('4711', 'out of cheese', 'a resCode that no page names', 'guess', once),
  'layers-disagree': service('500', 'system error', 'gateway ok, service failed, and a finished task', 'guess', {
    ...once,
    task: { state: 'finished' },
  }),
  'rescode-spelling': {
    description: 'the normal answer with rescode, as the page has it in its table',
    basis: 'documented',
    steps: [{ envelope: { resCodeKey: 'rescode' } }],
  },
  'no-service-fields': {
    description: 'the normal answer without success and resCode, as the repair API documents',
    basis: 'documented',
    steps: [{ envelope: { bare: true } }],
  },
  'real-types': {
    description: 'the normal answer with booleans and numbers instead of text',
    basis: 'documented',
    steps: [{ envelope: { types: 'real' } }],
  },
  'numeric-ids': {
    description: 'request ids as numbers, and the task id where it is all digits',
    basis: 'guess',
    steps: [{ envelope: { numericIds: true }, task: { taskId: 'number' } }],
  },
  'unknown-fields': {
    description: 'the normal answer with fields that no page names',
    basis: 'documented',
    steps: [{ envelope: { unknownFields: true } }],
  },
} satisfies Record<string, Behaviour>;

const finished = { state: 'finished' } as const;

const ofTheTask = {
  live: { description: 'the normal answer, by the clock of the task', basis: 'guess', steps: [{}] },
  submitted: task({ state: 'submitted' }, 'waiting to be run, for ever'),
  stuck: task({ state: 'running' }, 'running, for ever'),
  'running-no-result': task({ state: 'running', taskResult: 'absent' }, 'running without taskResult', 'guess', once),
  'running-null-result': task({ state: 'running', taskResult: 'null' }, 'running, taskResult null', 'guess', once),
  'running-empty-result': task({ state: 'running', taskResult: 'empty' }, 'running, taskResult empty', 'guess', once),
  'running-then-queued': {
    description: 'running, then submitted again, then running, then finished',
    basis: 'guess',
    steps: [
      { ...once, task: { state: 'running' } },
      { ...once, task: { state: 'submitted' } },
      { ...once, task: { state: 'running' } },
      { task: finished },
    ],
  },
  finished: task(finished, 'finished at once', 'documented'),
  batches: task(
    { state: 'running', finishedSubTasks: 'per-poll' },
    'one more sub-task finished with each query, until all are',
  ),
  'finished-then-running': {
    description: 'finished once, then running for ever',
    basis: 'guess',
    steps: [{ ...once, task: finished }, { task: { state: 'running' } }],
  },
  'failed-then-finished': {
    description: 'failed once, then finished',
    basis: 'guess',
    steps: [{ ...once, task: { state: 'failed' } }, { task: finished }],
  },
  'finished-empty': task({ ...finished, taskResult: 'empty' }, 'finished with an empty taskResult'),
  'finished-no-result': task({ ...finished, taskResult: 'absent' }, 'finished without taskResult'),
  'finished-null-result': task({ ...finished, taskResult: 'null' }, 'finished, taskResult null'),
  'finished-no-images': task({ ...finished, images: 'none' }, 'finished, every imageList empty'),
  'finished-no-inner': task(
    { ...finished, images: 'no-result' },
    'finished, sub-tasks without a taskResult of their own',
  ),
  'finished-empty-then-full': {
    description: 'finished with an empty taskResult once, then with all images',
    basis: 'guess',
    steps: [{ ...once, task: { ...finished, taskResult: 'empty' } }, { task: finished }],
  },
  partial: task({ state: 'partial' }, 'finished, but the last sub-task failed'),
  'partial-failed': task({ state: 'partial', statusWord: 'failed' }, 'failed, but only the last sub-task did'),
  'all-failed': task({ state: 'failed' }, 'failed, and every sub-task too', 'documented'),
  'all-sub-tasks-failed': task(
    { state: 'failed', statusWord: 'finished' },
    'finished by the main status, though every sub-task failed',
  ),
  'failed-message-only': task(
    { state: 'failed', taskResult: 'absent', message: 'the model image holds no person' },
    'failed, with nothing but resMessage to say why',
    'documented',
  ),
  'status-at-odds': task(
    { ...finished, statusWord: 'running' },
    'running, though all sub-tasks are finished',
    'guess',
    {
      polls: 2,
    },
  ),
  'unknown-status': task(
    { state: 'running', statusWord: 'post_processing' },
    'an unknown status word; twice',
    'guess',
    {
      polls: 2,
    },
  ),
  'unknown-sub-status': task(
    { ...finished, subStatusWord: 'archived' },
    'finished, with sub-tasks of an unknown status',
  ),
  'missing-status': task({ state: 'running', noStatus: true }, 'no taskStatus; twice', 'guess', { polls: 2 }),
  'null-status': task({ state: 'running', statusWord: null }, 'taskStatus null; twice', 'guess', { polls: 2 }),
  'upper-case-status': task({ ...finished, statusWord: 'FINISHED', subStatusWord: 'FINISHED' }, 'FINISHED'),
  'no-data': task({ data: 'absent' }, 'a good envelope without data; once', 'guess', once),
  'null-data': task({ data: 'null' }, 'a good envelope, data null; once', 'guess', once),
  'fewer-images': task({ ...finished, images: 'fewer' }, 'finished, one image less in each sub-task', 'documented'),
  'repeated-images': task({ ...finished, images: 'repeated' }, 'finished, every image twice'),
  'reordered-images': {
    description: 'one sub-task finished, then all, in the opposite order',
    basis: 'guess',
    steps: [
      { ...once, task: { state: 'running', finishedSubTasks: 1 } },
      { task: { ...finished, images: 'reordered' } },
    ],
  },
  're-signed-urls': {
    description: 'sub-tasks finish one by one over two queries, every address signed anew each time',
    basis: 'guess',
    steps: [
      { polls: 2, task: { state: 'running', finishedSubTasks: 1, urls: 're-signed' } },
      { task: { ...finished, urls: 're-signed' } },
    ],
  },
  'thousands-of-images': task({ ...finished, imagesPerSubTask: 2_500 }, 'finished, 2,500 images in each sub-task'),
  'beyond-the-cap': task({ ...finished, imagesPerSubTask: 20_000 }, 'finished, more than 4 MiB of addresses'),
  'cut-escape-urls': task({ ...finished, urls: 'cut-escape' }, 'finished, addresses end in %3', 'documented'),
  'odd-escape-urls': task({ ...finished, urls: 'odd-escapes' }, 'finished, addresses with lower-case and raw escapes'),
  'expired-urls': task({ ...finished, urls: 'expired' }, 'finished, addresses that have expired'),
  'loopback-urls': task({ ...finished, urls: 'loopback' }, 'finished, addresses on the loopback interface'),
  'metadata-urls': task({ ...finished, urls: 'metadata' }, 'finished, addresses of a cloud metadata service'),
  'file-urls': task({ ...finished, urls: 'file' }, 'finished, addresses of local files'),
  'other-task-id': task({ ...finished, taskId: 'other' }, 'finished, but another task; three times', 'documented', {
    polls: 3,
  }),
  'no-task-id': task({ ...finished, taskId: 'absent' }, 'finished, without a task id'),
  'inner-json-text': task({ ...finished, shape: 'json-text' }, 'finished, each inner taskResult as JSON text'),
  'data-json-text': task({ ...finished, shape: 'data-text' }, 'finished, data as JSON text'),
  'struct-data': task({ ...finished, shape: 'struct-data' }, "finished, in the repair API's shape", 'documented'),
  'url-items': task({ ...finished, shape: 'url' }, "finished, in the virtual model API's shape", 'documented'),
  'not-found-http': { description: 'unknown task, by HTTP 404', basis: 'guess', steps: [{ notFound: 'http404' }] },
  'not-found-service': { description: 'unknown task, by resCode', basis: 'guess', steps: [{ notFound: 'service' }] },
  'not-found-text': {
    description: 'unknown task, by a failed status and a text',
    basis: 'guess',
    steps: [{ notFound: 'task-failed-text' }],
  },
  'not-found-at-first': {
    description: 'unknown twice, then as its clock says',
    basis: 'guess',
    steps: [{ polls: 2, notFound: 'http404' }],
  },
  'seen-then-gone': {
    description: 'running once, then unknown for ever',
    basis: 'guess',
    steps: [{ ...once, task: { state: 'running' } }, { notFound: 'http404' }],
  },
} satisfies Record<string, Behaviour>;

/** All behaviours, by name. */
export const behaviours = {
  ...ofTheTask,
  ...fromTheService,
  ...fromTheGateway,
  ...inTheStatus,
  ...inTheBody,
  ...onTheWire,
} as const satisfies Record<string, Behaviour>;

/** Name of a behaviour. */
export type BehaviourName = keyof typeof behaviours;
