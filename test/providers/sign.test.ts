import { describe, expect, test } from 'vitest';
import { signCall, signV1, signV2 } from '../../src/providers/aidge/sign.js';

const vectors = [
  {
    // Published: "Signature algorithm" of the Lazada Open Platform, https://open.lazada.com/apps/doc/doc?nodeId=10450&docId=108069
    name: 'A, published',
    apiName: '/order/get',
    secret: 'helloworld',
    parameters: {
      access_token: 'test',
      app_key: '123456',
      order_id: '1234',
      sign_method: 'sha256',
      timestamp: '1517820392000',
    },
    sign: '4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A',
  },
  {
    name: 'B, a query of this API',
    apiName: '/ai/virtual/tryon-results',
    secret: 'test-secret',
    parameters: {
      app_key: '512345',
      partner_id: 'iop-sdk-java-20181207',
      sign_method: 'sha256',
      timestamp: '1712144501000',
      task_id: 'b5947f18-f642-4980-9379-749c053335be',
    },
    sign: '530BDAE2BAF095D9747A5B812ACB2DCAA14C558116C7DC9B00A4D3E22BDB394A',
  },
  {
    name: 'B2, one more blank pair',
    apiName: '/ai/virtual/tryon-results',
    secret: 'test-secret',
    parameters: {
      app_key: '512345',
      partner_id: 'iop-sdk-java-20181207',
      sign_method: 'sha256',
      timestamp: '1712144501000',
      task_id: 'b5947f18-f642-4980-9379-749c053335be',
      access_token: '  ',
    },
    sign: '530BDAE2BAF095D9747A5B812ACB2DCAA14C558116C7DC9B00A4D3E22BDB394A',
  },
  {
    // The text to sign is published: https://open.alitrip.com/docs/doc.htm?docType=1&articleId=120692
    name: 'C, the order of names with underscores',
    apiName: '/test/api',
    secret: 'test-secret',
    parameters: { foo: '1', bar: '2', foo_bar: '3', foobar: '4' },
    sign: 'FE01B44E2D0F8A799FDC350C3EDDA02F3BFCE762E60DA58768964FF1CD949437',
  },
  {
    name: 'C2, text beyond ASCII',
    apiName: '/test/api',
    secret: 'test-secret',
    parameters: { foo: '1', bar: '2', foo_bar: '3', foobar: 'é试穿' },
    sign: 'A1F807B3FEFBAA6203B86C6D5DA3C39713318D955EB153EF3999E46D15A06566',
  },
];

describe('V1', () => {
  test.each(vectors)('signs vector $name', ({ sign, ...call }) => {
    expect(signV1(call)).toBe(sign);
  });

  test('leaves out a signature among the parameters', () => {
    const { sign, ...call } = vectors[0] as (typeof vectors)[0];
    expect(signV1({ ...call, parameters: { ...call.parameters, sign: 'anything' } })).toBe(sign);
  });

  test('sends business parameters as a form, and signs them', () => {
    const { sign, apiName, secret, parameters } = vectors[1] as (typeof vectors)[1];
    const call = signCall({
      scheme: 'v1',
      apiName,
      parameters: { task_id: parameters.task_id as string },
      appKey: '512345',
      appSecret: secret,
      timestampMs: 1712144501000,
    });
    const url = new URL(call.path, 'http://localhost');
    expect(url.pathname).toBe('/rest/ai/virtual/tryon-results');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      app_key: '512345',
      partner_id: 'iop-sdk-java-20181207',
      sign_method: 'sha256',
      timestamp: '1712144501000',
      sign,
    });
    expect(call.contentType).toBe('application/x-www-form-urlencoded;charset=UTF-8');
    expect(call.body).toBe('task_id=b5947f18-f642-4980-9379-749c053335be');
  });
});

describe('V2', () => {
  test.each([
    ['D', 'test-secret', '1712144501000', 'D74AA8665DE6B3804F74C9A6CDBFDD6DA04EFA0ADA45F3F37709F737EE852E94'],
    ['E', 'helloworld', '1517820392000', '4221853E1726BA791132CEA43C362F94746AFC4BCEB1B877FDB0F1CF44A438C4'],
  ])('signs vector %s', (_name, secret, timestamp, sign) => {
    expect(signV2({ secret, timestamp })).toBe(sign);
  });

  test('sends business parameters as JSON, and system parameters in the query', () => {
    const call = signCall({
      scheme: 'v2',
      apiName: '/ai/virtual/tryon-results',
      parameters: { task_id: 'x y' },
      appKey: '512345',
      appSecret: 'test-secret',
      timestampMs: 1712144501000,
    });
    const url = new URL(call.path, 'http://localhost');
    expect(url.pathname).toBe('/rest/ai/virtual/tryon-results');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      app_key: '512345',
      partner_id: 'aidge',
      sign_method: 'sha256',
      sign_ver: 'v2',
      timestamp: '1712144501000',
      sign: 'D74AA8665DE6B3804F74C9A6CDBFDD6DA04EFA0ADA45F3F37709F737EE852E94',
    });
    expect(call).toMatchObject({
      contentType: 'application/json',
      body: '{"task_id":"x y"}',
      sign: url.searchParams.get('sign'),
    });
  });
});
