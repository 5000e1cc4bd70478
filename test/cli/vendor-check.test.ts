import { expect, test } from 'vitest';
import { vendorCheck } from '../../src/cli/checks.js';
import type { Reply } from '../../src/poll/reply.js';
import { apiOf } from '../../src/providers/apis.js';

const account = { endpoint: 'https://dashscope.aliyuncs.com' };
const check = (reply: Partial<Reply>) =>
  vendorCheck(
    'vendor of dashscope',
    account,
    { kind: 'answer', httpStatus: 200, ...reply } as Reply,
    apiOf('dashscope'),
  );

test('an account of another vendor is checked by the tables of that vendor', () => {
  const refused = check({
    httpStatus: 401,
    gatewayCode: 'InvalidApiKey',
    gatewayMessage: 'no such key',
  } as Partial<Reply>);
  expect(refused).toMatchObject({ result: 'fail', remedy: expect.stringContaining('DASHSCOPE_API_KEY') });
  const task = { status: 'failed', code: 'UNKNOWN', vendorStatus: 'UNKNOWN', subTasks: [] };
  expect(check({ task } as unknown as Partial<Reply>)).toMatchObject({ result: 'ok' });
});

test('remedies name the variable of its vendor', () => {
  const fault = { kind: 'fault', code: 'Http404', message: 'HTTP 404' } as Reply;
  const result = vendorCheck('vendor of dashscope', account, fault, apiOf('dashscope'));
  expect(JSON.stringify(result)).toContain('DASHSCOPE_ENDPOINT');
  expect(JSON.stringify(result)).not.toContain('AIDGE');
});
