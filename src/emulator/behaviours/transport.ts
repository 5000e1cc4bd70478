/** Behaviours of networks, proxies and servers. Data. */
import type { HttpAnswer } from '../step.js';
import { type Behaviour, http, once, wire } from './row.js';

const proxyPage = (title: string): string =>
  `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
const html = 'text/html; charset=utf-8';
const proxyAnswer = (status: number, title: string): HttpAnswer => ({
  status,
  body: proxyPage(`${status} ${title}`),
  contentType: html,
});

/** Transport faults. */
export const wireBehaviours = {
  'reset-before-headers': wire('reset-before-headers', 'the connection is reset before any answer'),
  'reset-mid-body': wire('reset-mid-body', 'the connection is reset half-way through the body'),
  hang: wire('hang', 'no answer comes'),
  'hang-after-headers': wire('hang-after-headers', 'headers without a body'),
  drip: wire('drip', 'the body comes one byte every half second'),
  'endless-body': wire('endless', 'a body without an end, some bytes ten times a second'),
  'huge-body': wire('huge', 'a body of 64 MiB'),
  gzip: { description: 'the normal answer, compressed', basis: 'fault', steps: [{ wire: 'gzip' }] },
  'gzip-bomb': wire('gzip-bomb', '64 KiB that decompress to 64 MiB'),
  'truncated-json': wire('truncated', 'HTTP 200 with half of the JSON'),
  slow: wire('slow', 'the normal answer, two seconds late', { seconds: 2 }),
  'dead-keep-alive': wire('dead-keep-alive', 'the normal answer; the connection closes at its next request'),
} satisfies Record<string, Behaviour>;

/** Other bodies with HTTP 200, and redirects. */
export const bodyBehaviours = {
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
  'redirect-loop': http({ status: 307, location: 'loop' }, 'an endless chain of redirects'),
} satisfies Record<string, Behaviour>;

/** HTTP statuses, with and without `Retry-After`. */
export const statusBehaviours = {
  'http-400': http(proxyAnswer(400, 'Bad Request'), 'HTTP 400 for ever', {}),
  'http-401': http(proxyAnswer(401, 'Unauthorized'), 'HTTP 401'),
  'http-403': http(proxyAnswer(403, 'Forbidden'), 'HTTP 403'),
  'http-404': http(proxyAnswer(404, 'Not Found'), 'HTTP 404'),
  'http-408': http(proxyAnswer(408, 'Request Timeout'), 'HTTP 408'),
  'http-425': http(proxyAnswer(425, 'Too Early'), 'HTTP 425'),
  'http-500': http(proxyAnswer(500, 'Internal Server Error'), 'HTTP 500'),
  'http-502': http(proxyAnswer(502, 'Bad Gateway'), 'HTTP 502'),
  'http-503': http(proxyAnswer(503, 'Service Unavailable'), 'HTTP 503'),
  'http-504': http(proxyAnswer(504, 'Gateway Timeout'), 'HTTP 504'),
  'http-503-retry-after': http(
    { ...proxyAnswer(503, 'Service Unavailable'), retryAfter: '{seconds}' },
    'HTTP 503 with Retry-After in seconds (3)',
    { ...once, seconds: 3 },
  ),
  'http-429': http(proxyAnswer(429, 'Too Many Requests'), 'HTTP 429 without Retry-After'),
  'http-429-seconds': http(
    { ...proxyAnswer(429, 'Too Many Requests'), retryAfter: '{seconds}' },
    'HTTP 429 with Retry-After in seconds (3)',
    { ...once, seconds: 3 },
  ),
  'http-429-date': http(
    { ...proxyAnswer(429, 'Too Many Requests'), retryAfter: '{date}' },
    'HTTP 429 with Retry-After as a date (3 s after Date)',
    { ...once, seconds: 3 },
  ),
  'http-429-absurd': http(
    { ...proxyAnswer(429, 'Too Many Requests'), retryAfter: '86400' },
    'HTTP 429, Retry-After one day',
  ),
  'http-429-negative': http({ ...proxyAnswer(429, 'Too Many Requests'), retryAfter: '-5' }, 'HTTP 429, Retry-After -5'),
  'http-429-text': http(
    { ...proxyAnswer(429, 'Too Many Requests'), retryAfter: 'soon' },
    'HTTP 429, Retry-After as a word',
  ),
} satisfies Record<string, Behaviour>;
