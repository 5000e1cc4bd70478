import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signV1, signV2 } from '../../src/vendor/sign.js';
import { aClient, finishedBody, sendJson, serve, testKey } from './server.js';

describe('a query', () => {
  test('posts the task id as signed JSON and reads the answer', async () => {
    const { endpoint, seen } = await serve((response) => sendJson(response, finishedBody()));
    const { reply, queries } = await aClient(endpoint, { nowMs: () => 1712144501000 }).results({ taskId: 'task-1' });
    expect(queries).toBe(1);
    expect(reply).toMatchObject({
      kind: 'answer',
      httpStatus: 200,
      gatewayCode: '0',
      success: true,
      serviceCode: '200',
      vendorDateMs: expect.any(Number),
      task: {
        taskId: 'task-1',
        status: 'finished',
        subTasks: [
          {
            index: 0,
            status: 'finished',
            images: [
              {
                id: createHash('sha256').update('http://oss.example/a.png').digest('hex').slice(0, 32),
                imageUrl: 'http://oss.example/a.png?Signature=x%3',
                subTask: 0,
              },
            ],
          },
        ],
      },
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      path: '/rest/ai/virtual/tryon-results',
      body: '{"task_id":"task-1"}',
    });
    expect(seen[0]?.headers['content-type']).toBe('application/json');
    expect(seen[0]?.headers).not.toHaveProperty('x-iop-trial');
    expect(seen[0]?.query).toEqual({
      app_key: testKey.appKey,
      timestamp: '1712144501000',
      sign_method: 'sha256',
      sign_ver: 'v2',
      partner_id: 'aidge',
      sign: signV2({ secret: testKey.appSecret, timestamp: '1712144501000' }),
    });
  });
});
