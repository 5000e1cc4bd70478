import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { messages, webhookWorkflowId } from '../../src/contract.js';
import type { DeliveryStatus } from '../../src/webhook/delivery.js';
import { runCli } from '../cli/run-cli.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { newSecret, type Receiver, startReceiver } from '../support/webhook-receiver.js';

const secret = newSecret();
let stack: Stack;
let shop: Receiver;
beforeAll(async () => {
  shop = await startReceiver(secret);
  stack = await startStack({
    address: inject('temporal').address,
    env: {
      TRYON_WEBHOOK_ALLOW: '127.0.0.1',
      TRYON_WEBHOOK_SHOP_URL: shop.url,
      TRYON_WEBHOOK_SHOP_SECRET: secret,
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await shop?.close();
});

test('the program lists what is not delivered, and sends again what was given up', async () => {
  const env = { TEMPORAL_ADDRESS: inject('temporal').address, TRYON_TASK_QUEUE: stack.taskQueue };
  const taskId = stack.emulator.addTask({
    script: [{ polls: 2, task: { state: 'running' } }, { task: { state: 'finished' } }],
  });
  let isGone = true;
  shop.answer = () => (isGone ? { status: 410 } : {});
  await stack.start({ taskId });
  const subscribed = await runCli(['subscribe', taskId, '--webhook', 'shop'], env);
  expect(subscribed).toMatchObject({ code: 0, err: '' });
  expect(subscribed.out).toContain(`webhook shop gets the events of task ${taskId}`);
  const { waitId } = await stack.status(taskId);
  const [id, delivery] = [`shop-${waitId}`, stack.client.workflow.getHandle(webhookWorkflowId('shop', waitId))];
  const given = () => delivery.query<DeliveryStatus>(messages.webhookStatus).catch(() => undefined);
  await until(async () => (await given())?.givenUp.length === 1);
  const lines = async () => (await runCli(['webhooks', '--webhook', 'shop', '--json'], env)).out.trim().split('\n');
  let line: string | undefined;
  await until(async () => {
    line = (await lines()).find((one) => one.includes(id));
    return line !== undefined;
  });
  expect(JSON.parse(line ?? '')).toMatchObject({
    id,
    webhook: 'shop',
    taskId,
    state: 'gone',
    givenUp: [{ error: { code: 'Gone' } }],
  });
  const table = await runCli(['webhooks', '--limit', '1000'], env);
  expect(table.out).toMatch(new RegExp(`${id} +${taskId} +gone +0 +1 .*webhook shop: HTTP 410`));
  isGone = false;
  const again = await runCli(['webhooks', '--resend', id], env);
  expect(again).toMatchObject({ code: 0, out: `${id}: 1 event to deliver\n` });
  await until(() => shop.accepted.length === 1);
  await delivery.result();
  const over = await runCli(['webhooks', '--resend', id], env);
  expect(over).toMatchObject({ code: 1, err: expect.stringContaining(`no delivery ${id} is open`) });
  expect(await runCli(['subscribe', taskId], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('give either --workflow-id or --webhook'),
  });
});
