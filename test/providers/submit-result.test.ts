import { describe, expect, test } from 'vitest';
import { reportOf } from '../../src/activities/submit.js';
import type { Answer, Fault, Reply, TransportCode } from '../../src/poll/reply.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { submitResult } from '../../src/providers/submit-result.js';

/** What each documented code proves of a submit. A new row of the code tables needs a place here. */
const proves = {
  gateway: {
    rejected: [
      ...['NoResource', 'InvalidAppKey', 'AppWhiteIpLimit', 'AppNotSubscribed', 'IllegalAccessToken'],
      ...['InvalidAccessToken', 'MissingAccessToken', 'IllegalRefreshToken', 'AppAuthExpired', 'MissingPartner'],
      ...['MISSING_PARAMETER', 'MissingParameter', 'InvalidApiPath', 'InvalidApi', '15/isv.*'],
      ...['IncompleteSignature', 'IllegalTimestamp', 'InvalidTimestamp'],
    ],
    repeat: ['ApiCallLimit', 'AppCallLimit', 'SellerCallLimit', '901', '7'],
    maybe: ['ServiceTimeout', 'ServiceUnavailable', 'SystemError', '15', '15/isp.*', 'NeverSeenBefore'],
  },
  service: {
    rejected: ['700', '701', '703', '707', '801', '1000', '1001', '1002'],
    repeat: ['501'],
    maybe: ['500', '900', '4711'],
  },
  http: {
    rejected: ['400', '401', '402', '403', '404', '407', '410', '4xx'],
    repeat: ['429'],
    maybe: ['3xx', '408', '409', '423', '425', '5xx'],
  },
  transport: {
    rejected: [],
    repeat: ['NoKey'],
    maybe: ['Timeout', 'ConnectionFailed', 'DnsFailed', 'TlsFailed', 'TooLarge', 'BadBody', 'Redirected'],
  },
} as const;
type Layer = keyof typeof proves;

const answer = (fields: Partial<Answer>): Answer => ({ kind: 'answer', httpStatus: 200, ...fields });
const fault = (code: TransportCode): Fault => ({ kind: 'fault', code, message: 'x' });
const replies: Readonly<Record<Layer, (code: string) => Reply>> = {
  gateway: (code) => {
    const [gatewayCode = '', sub] = code.split('/');
    return answer({ gatewayCode, ...(sub === undefined ? {} : { gatewaySubCode: sub.replace('*', 'x') }) });
  },
  service: (serviceCode) => answer({ success: false, serviceCode }),
  http: (status) => answer({ httpStatus: Number(status.replace('4xx', '418').replaceAll('x', '0')) }),
  transport: (code) => fault(code as TransportCode),
};
const cases = (Object.keys(proves) as Layer[]).flatMap((layer) =>
  (['rejected', 'repeat', 'maybe'] as const).flatMap((kind) =>
    proves[layer][kind].map((code) => ({ layer, code: code as string, kind })),
  ),
);
const sent = { neverSent: false, isClockLearned: false };
const kindOf = (reply: Reply, facts = sent) => {
  const report = reportOf(submitResult(reply, tryOnApi, facts), 0);
  return report.kind === 'rejected' && report.retryAfterMs !== undefined ? 'repeat' : report.kind;
};

describe('the reply to a submit', () => {
  test.each(cases)('$layer $code proves: $kind', ({ layer, code, kind }) => {
    // The client itself says that nothing was sent without a key.
    if (code === 'NoKey') {
      const error = { layer: 'transport', code: 'NoKey', message: 'x' } as const;
      expect(reportOf({ kind: 'rejected', error, retrySafe: false }, 0)).toMatchObject({ retryAfterMs: 60_000 });
    } else expect(kindOf(replies[layer](code))).toBe(kind);
  });

  test.each([
    ['gateway', tryOnApi.gatewayCodes],
    ['service', tryOnApi.serviceCodes],
    ['http', tryOnApi.httpStatuses],
    ['transport', tryOnApi.transportCodes],
  ] as const)('every code of the %s table has its place above', (layer, table) => {
    const known = cases.filter((one) => one.layer === layer).map(({ code }) => code);
    const documented = Object.entries(table).filter(([, row]) => row.class !== 'ok');
    expect(documented.map(([code]) => code).filter((code) => !known.includes(code))).toEqual([]);
  });

  test('that refuses a time is safe to repeat once the clock is learned', () => {
    const reply = replies.gateway('IllegalTimestamp');
    expect(kindOf(reply, { neverSent: false, isClockLearned: true })).toBe('repeat');
  });

  test('that never came to a request that was never sent is safe to repeat', () => {
    expect(kindOf(fault('ConnectionFailed'), { neverSent: true, isClockLearned: false })).toBe('repeat');
  });

  test('that throttles is obeyed for as long as it says, else for 20 s', () => {
    const throttled = answer({ gatewayCode: 'ApiCallLimit', gatewayMessage: 'this ban will last 7 seconds' });
    expect(reportOf(submitResult(throttled, tryOnApi, sent), 0)).toMatchObject({ retryAfterMs: 7_000 });
    expect(reportOf(submitResult(replies.service('501'), tryOnApi, sent), 0)).toMatchObject({ retryAfterMs: 20_000 });
  });

  test('with success and no task id proves nothing', () => {
    expect(kindOf(answer({ success: true, serviceCode: '200' }))).toBe('maybe');
  });
});
