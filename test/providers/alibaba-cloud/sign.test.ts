import { describe, expect, test } from 'vitest';
import { type OpenApiCall, signOpenApiCall } from '../../../src/providers/alibaba-cloud/sign.js';

const aCall = (call: Partial<OpenApiCall> = {}): OpenApiCall => ({
  method: 'POST',
  action: { name: 'QueryAsyncTaskResult', version: '2026-04-28' },
  parameters: { TaskId: 'b5947f18-f642-4980-9379-749c053335be' },
  host: 'aidge.cn-beijing.aliyuncs.com',
  timestampMs: Date.parse('2024-04-03T11:41:41.987Z'),
  nonce: '3156853299f313e23d1673dc12e1703d',
  accessKeyId: 'test-key-id',
  accessKeySecret: 'test-secret',
  ...call,
});

/**
 * The first is published with its result. The others were made by `Utils.get_authorization` of PyPI `alibabacloud-tea-openapi` 0.4.6.
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature "Fixed parameters"
 */
const vectors: readonly [string, OpenApiCall, { readonly path: string; readonly signature: string }][] = [
  [
    'the published one',
    aCall({
      action: { name: 'RunInstances', version: '2014-05-26' },
      parameters: { RegionId: 'cn-shanghai', ImageId: 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd' },
      host: 'ecs.cn-shanghai.aliyuncs.com',
      timestampMs: Date.parse('2023-10-26T10:22:32Z'),
      accessKeyId: 'YourAccessKeyId',
      accessKeySecret: 'YourAccessKeySecret',
    }),
    {
      path: '/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai',
      signature: '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0',
    },
  ],
  [
    'a poll',
    aCall(),
    {
      path: '/?TaskId=b5947f18-f642-4980-9379-749c053335be',
      signature: '1c43d9c0b25cac9ab00f3f753b485a608697951f8aaa116dfdb765e6ec079653',
    },
  ],
  [
    'a submit, with characters that two encoders treat differently',
    aCall({
      action: { name: 'VirtualTryOn', version: '2026-04-28' },
      parameters: {
        Resolution: '2K',
        ModelImageUrl: 'https://example.com/试穿-_.~.png',
        ClothType: 'tops_and_bottoms',
        ClothImageUrl: "https://example.com/a b(1)*.png?x=1&y='é'!~",
      },
      host: '127.0.0.1:8080',
      timestampMs: Date.parse('2026-11-28T18:00:00Z'),
      nonce: 'nonce-2',
      accessKeySecret: 'test+secret/value==',
    }),
    {
      path: [
        '/?ClothImageUrl=https%3A%2F%2Fexample.com%2Fa%20b%281%29%2A.png%3Fx%3D1%26y%3D%27%C3%A9%27%21~',
        'ClothType=tops_and_bottoms',
        'ModelImageUrl=https%3A%2F%2Fexample.com%2F%E8%AF%95%E7%A9%BF-_.~.png',
        'Resolution=2K',
      ].join('&'),
      signature: 'fb0b25ae2cf2783d6061286cd93fd75300537b5c0faac52076dc4cc5260c1920',
    },
  ],
  [
    'a call without parameters',
    aCall({ parameters: {}, nonce: 'n' }),
    { path: '/', signature: '42b304a0d3af4bb5915150aab1f1e2100d31f864785438891b88582f87adeb1b' },
  ],
];

describe('ACS3-HMAC-SHA256', () => {
  test.each(vectors)('%s', (_name, call, { path, signature }) => {
    const signed = signOpenApiCall(call);
    expect(signed.path).toBe(path);
    expect(signed.signature).toBe(signature);
    expect(signed.headers.authorization).toBe(
      `ACS3-HMAC-SHA256 Credential=${call.accessKeyId},SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=${signature}`,
    );
  });

  test('names the operation, the time without its fraction, and the hash of the empty body', () => {
    const { authorization, ...headers } = signOpenApiCall(aCall()).headers;
    expect(authorization).toBeDefined();
    expect(headers).toEqual({
      'x-acs-action': 'QueryAsyncTaskResult',
      'x-acs-version': '2026-04-28',
      'x-acs-date': '2024-04-03T11:41:41Z',
      'x-acs-signature-nonce': '3156853299f313e23d1673dc12e1703d',
      'x-acs-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    });
  });

  test('takes half a character, which JSON may have', () => {
    expect(signOpenApiCall(aCall({ parameters: { A: 'x\ud800' } })).path).toBe('/?A=x%EF%BF%BD');
  });
});
