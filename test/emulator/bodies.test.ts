import { expect, test } from 'vitest';
import { htmlSafeJson, requestIds, serviceOk, serviceReply } from '../../src/emulator/bodies.js';
import { callV2, query } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();

// The query page's sample reply, with other ids and shorter URLs.
const sample = String.raw`{
  "code": "0",
  "data": {
    "taskResult": [
      {
        "taskResult": {
          "result": {
            "imageList": [
              {
                "imageUrl": "http://host/owner%2Ftry_on%2F67_20240403194141.png?OSSAccessKeyId\u003dKEY\u0026Expires\u003d2712144501\u0026Signature\u003dz4%3",
                "clothes": "https://host/owner/86_200.jpg?OSSAccessKeyId\u003dKEY\u0026Expires\u003d36000\u0026Signature\u003dEf%3"
              }
            ]
          }
        },
        "taskStatus": "finished"
      }
    ],
    "taskStatus": "finished",
    "taskId": "b5947f18-f642-4980-9379-749c053335be"
  },
  "requestId": "212cd83017085872506144758e3fca",
  "success": "true",
  "resCode": "200",
  "resMessage": "success",
  "request_id": "0ba2887315178178017221014"
}`;

test('the envelope is that of the query page, byte for byte', () => {
  const { data } = JSON.parse(sample);
  const ids = { requestId: '212cd83017085872506144758e3fca', request_id: '0ba2887315178178017221014' };
  expect(htmlSafeJson(serviceReply(data, serviceOk, ids))).toBe(sample.replace(/\n\s*/g, '').replaceAll('": ', '":'));
});

test('a served reply has the keys of the page in the same order, and its escapes', async () => {
  const emulator = await start();
  const taskId = emulator.addTask({ script: 'finished', subTasks: 1, imagesPerSubTask: 1 });
  const { text, headers } = await callV2(emulator, { business: { task_id: taskId } });
  const keysOf = (json: string): string[] => [...json.matchAll(/"(\w+)":/g)].map(([, key]) => String(key));
  expect(keysOf(text)).toEqual(keysOf(sample.replaceAll('": ', '":')));
  expect(text).not.toMatch(/[=&<>']/);
  expect(text).toContain(String.raw`Expires\u003d`);
  expect(headers['content-type']).toBe('application/json;charset=UTF-8');
});

test('ids have the forms of the published samples', () => {
  const { request_id, requestId } = requestIds(1_712_144_501_000, 1234);
  expect(request_id).toBe('7f00000117121445010001234');
  expect(requestId).toMatch(/^7f00000117121445010001234e[0-9a-f]{4}$/);
});

test.each([
  ['text', 'true', '200'],
  ['real', true, 200],
] as const)('scalars are %s if the emulator is started with that option', async (types, success, resCode) => {
  const emulator = await start({ types });
  expect(await query(emulator, emulator.addTask())).toMatchObject({ code: '0', success, resCode });
});

test.each([
  ['http404', 404, 'Not Found'],
  ['service', 200, '"resCode":"700"'],
  ['task-failed-text', 200, '"taskStatus":"failed"'],
] as const)('an unknown task gets %s if the emulator is started with that option', async (notFound, status, part) => {
  const emulator = await start({ notFound });
  const { statusCode, text } = await callV2(emulator, { business: { task_id: 'nobody-knows' } });
  expect([statusCode, text.includes(part)]).toEqual([status, true]);
  expect(emulator.queries[0]).toMatchObject({ answered: 'not-found', taskId: 'nobody-knows', poll: 1, ends: false });
});

test('a balance has numbers and booleans', async () => {
  const emulator = await start();
  const path = '/rest/ai/query/balance';
  const { text } = await callV2(emulator, { path, business: { apiPath: '/ai/virtual/tryon' } });
  expect(JSON.parse(text)).toMatchObject({ code: '0', success: true, data: { balance: 1000 } });
});
