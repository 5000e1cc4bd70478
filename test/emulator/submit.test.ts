import { expect, test } from 'vitest';
import { defined } from '../../src/defined.js';
import type { SubmitBehaviourName } from '../../src/emulator/behaviours/submits.js';
import type { Emulator } from '../../src/testing.js';
import { callV2, query } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();

const garment = (type = 'tops') => ({ imageUrl: `https://shop.example/${type}.jpg`, type });
const order = { clothesList: [garment()], modelImage: ['https://shop.example/model.jpg'], generateCount: 3 };

async function submit(
  emulator: Emulator,
  business: Record<string, unknown>,
  path = '/rest/ai/virtual/tryon',
  atMs?: number,
) {
  const { text } = await callV2(emulator, { path, business, ...defined({ atMs }) });
  return JSON.parse(text);
}

test.each([
  ['the standard API', '/rest/ai/virtual/tryon', { requestParams: JSON.stringify([order, order]) }, 2],
  ['pro', '/rest/ai/virtual/tryon-pro', { paramJson: JSON.stringify([order]) }, 1],
  ['pro, by its older parameter', '/rest/ai/virtual/tryon-pro', { requestParams: JSON.stringify([order]) }, 1],
  ['pro, with a bare object', '/rest/ai/virtual/tryon-pro', { paramJson: JSON.stringify(order) }, 1],
  [
    'pro, with an outfit',
    '/rest/ai/virtual/tryon-pro',
    { paramJson: JSON.stringify([{ ...order, clothesList: [garment('tops'), garment('bottoms')] }]) },
    1,
  ],
])('a submit to %s makes a task with the requested number of images', async (_, path, business, subTasks) => {
  const emulator = await start({ distribution: { fixedSeconds: 0 } });
  const reply = await submit(emulator, business, path);
  expect(reply).toMatchObject({ code: '0', success: 'true', resCode: '200' });
  const { taskId } = reply.data.result;
  expect(taskId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const { data } = await query(emulator, taskId);
  expect(data.taskResult).toHaveLength(subTasks);
  const { imageList } = data.taskResult[0].taskResult.result;
  expect(imageList).toHaveLength(3);
  expect(imageList[0].clothes).toBe('https://shop.example/tops.jpg');
  expect(emulator.submits).toMatchObject([{ taskId, answered: 'accepted', authorised: true }]);
});

const standard = '/rest/ai/virtual/tryon';
const pro = '/rest/ai/virtual/tryon-pro';
test.each([
  ['nothing', standard, {}],
  ['no JSON', standard, { requestParams: '[{' }],
  ['an empty list', standard, { requestParams: '[]' }],
  ['no garment', standard, { requestParams: JSON.stringify([{ ...order, clothesList: [] }]) }],
  ['no address', standard, { requestParams: JSON.stringify([{ ...order, clothesList: [{}] }]) }],
  ['a type of pro', standard, { requestParams: JSON.stringify([{ ...order, clothesList: [garment('bottoms')] }]) }],
  ['two garments', standard, { requestParams: JSON.stringify([{ ...order, clothesList: [garment(), garment()] }]) }],
  ['two tops', pro, { paramJson: JSON.stringify([{ ...order, clothesList: [garment(), garment()] }]) }],
  ['nine models', pro, { paramJson: JSON.stringify([{ ...order, modelImage: Array(9).fill('x') }]) }],
  ['nine images', pro, { paramJson: JSON.stringify([{ ...order, generateCount: 9 }]) }],
])('a submit of %s gets 700', async (_, path, business) => {
  const emulator = await start();
  expect(await submit(emulator, business, path)).toMatchObject({ success: 'false', resCode: '700' });
  expect(emulator.submits[0]?.taskId).toBeUndefined();
});

test('submits above the limit get 501 until the window has passed', async () => {
  let nowMs = 1_000_000_000_000;
  const emulator = await start({ nowMs: () => nowMs, submitRate: { count: 3, windowSeconds: 60 } });
  const said: string[] = [];
  for (const stepMs of [0, 0, 0, 0, 59_999, 1]) {
    nowMs += stepMs;
    said.push((await submit(emulator, { paramJson: JSON.stringify([order]) }, pro, nowMs)).resCode);
  }
  expect(said).toEqual(['200', '200', '200', '501', '501', '200']);
});

test('a submit whose answer is lost still makes its task', async () => {
  const emulator = await start();
  emulator.scriptSubmits('reset-before-headers');
  await expect(submit(emulator, { requestParams: JSON.stringify([order]) })).rejects.toThrow();
  const taskId = emulator.submits[0]?.taskId ?? '';
  expect(emulator.task(taskId)?.taskId).toBe(taskId);
  expect(await submit(emulator, { requestParams: JSON.stringify([order]) })).toMatchObject({ resCode: '200' });
});

test('a submit that the script refuses makes no task, unless the script says so', async () => {
  const emulator = await start();
  emulator.scriptSubmits([
    { use: 'service-timeout' },
    { polls: 1, service: { success: false, resCode: '500', resMessage: 'x' }, accepted: true },
  ]);
  const business = { requestParams: JSON.stringify([order]) };
  expect(await submit(emulator, business)).toMatchObject({ code: 'ServiceTimeout' });
  expect(await submit(emulator, business)).toMatchObject({ resCode: '500' });
  expect(emulator.submits.map(({ taskId }) => taskId !== undefined)).toEqual([false, true]);
});

const business = { requestParams: JSON.stringify([order]) };
/** What the caller gets, and whether there is a task. */
const scripted: Record<SubmitBehaviourName, readonly [unknown, boolean]> = {
  'submit-reply-lost': ['no reply', true],
  'submit-reply-cut': ['no reply', true],
  'submit-reply-late': ['no reply', true],
  'submit-request-lost': ['no reply', false],
  'submit-no-id': [{ code: '0', success: 'true', resCode: '200', data: { result: {} } }, true],
  'submit-no-data': [{ code: '0', success: 'true', resCode: '200' }, true],
  'submit-refused-yet-made': [{ success: 'false', resCode: '500' }, true],
};

test.each(Object.entries(scripted))('%s does what its row says, and the next one is accepted', async (name, row) => {
  const [reply, isMade] = row;
  const emulator = await start({ submitScript: name as SubmitBehaviourName });
  const made = new Promise<string | undefined>((resolve) => emulator.onSubmit(({ taskId }) => resolve(taskId)));
  // One that is late is not waited for: its task is there before its reply.
  const late = name === 'submit-reply-late' ? made.then(() => 'no reply') : new Promise<never>(() => undefined);
  const answered = submit(emulator, business).catch(() => 'no reply');
  const got = await Promise.race([answered, late]);
  if (typeof reply === 'string') expect(got).toBe(reply);
  else expect(got).toMatchObject(reply as object);
  expect(got.data?.result?.taskId).toBeUndefined();
  const taskId = await made;
  expect(taskId !== undefined && emulator.task(taskId)?.taskId === taskId).toBe(isMade);
  expect(await submit(emulator, business)).toMatchObject({
    resCode: '200',
    data: { result: { taskId: expect.any(String) } },
  });
});

test('an account without submits left gets NoResource', async () => {
  const emulator = await start({ accounts: [{ appKey: '7', appSecret: 's', submitsLeft: 1 }] });
  const business = { requestParams: JSON.stringify([order]) };
  expect(await submit(emulator, business)).toMatchObject({ code: '0' });
  expect(await submit(emulator, business)).toMatchObject({ code: 'NoResource' });
});
