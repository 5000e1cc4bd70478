import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  type Subscriber,
  type TryOnStatus,
  webhookWorkflowId,
  workflowTypes,
} from '../../src/contract.js';
import type { DeliveryStatus } from '../../src/webhook/delivery.js';
import { expectValid } from '../support/schemas.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { newSecret, type Receiver, startReceiver } from '../support/webhook-receiver.js';
import { rawHistory } from './read-history.js';

const secret = newSecret();
const batches = {
  subTasks: 3,
  script: [
    { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
    { polls: 2, task: { state: 'running', finishedSubTasks: 2 } },
    { task: { state: 'finished' } },
  ],
} as const;
const kinds = (posts: Receiver['posts']) => posts.map(({ event }) => event.kind);

// Replayed from its first event at each step, a workflow must do the same as from the cache.
describe.concurrent.each([
  ['cached', '200'],
  ['replayed at each step', '0'],
])('a webhook, %s', (_name, cachedWorkflows) => {
  let stack: Stack;
  let shop: Receiver;
  let down: Receiver;
  beforeAll(async () => {
    [shop, down] = await Promise.all([startReceiver(secret), startReceiver(secret)]);
    down.answer = () => ({ status: 503 });
    stack = await startStack({
      address: inject('temporal').address,
      env: {
        TRYON_MAX_CACHED_WORKFLOWS: cachedWorkflows,
        TRYON_WEBHOOK_ALLOW: '127.0.0.1',
        TRYON_WEBHOOK_SHOP_URL: shop.url,
        TRYON_WEBHOOK_SHOP_SECRET: `${secret} ${newSecret('o')}`,
        TRYON_WEBHOOK_DOWN_URL: down.url,
        TRYON_WEBHOOK_DOWN_SECRET: secret,
        TRYON_WEBHOOK_WRONG_URL: 'https://10.9.8.7/',
        TRYON_WEBHOOK_WRONG_SECRET: secret,
      },
    });
  });
  afterAll(async () => {
    await stack?.stop();
    await Promise.all([shop?.close(), down?.close()]);
  });

  const postsOf = (receiver: Receiver, taskId: string) => receiver.posts.filter(({ event }) => event.taskId === taskId);
  const acceptedOf = (receiver: Receiver, taskId: string) =>
    receiver.accepted.filter(({ event }) => event.taskId === taskId);
  const waitIdOf = async (taskId: string) => (await stack.status(taskId)).waitId;
  const deliveryOf = async (webhook: string, taskId: string) =>
    stack.client.workflow.getHandle(webhookWorkflowId(webhook, await waitIdOf(taskId)));
  const deliveryStatus = async (webhook: string, taskId: string): Promise<DeliveryStatus | undefined> => {
    const delivery = await deliveryOf(webhook, taskId);
    return delivery.query<DeliveryStatus>(messages.webhookStatus).catch(() => undefined);
  };

  test('gets every event of a wait once, in order, signed', async () => {
    const taskId = stack.emulator.addTask(batches);
    const outcome = await stack.run({ taskId, notify: [{ webhook: 'shop' }] });
    await until(async () => acceptedOf(shop, taskId).length === 3);
    const posts = postsOf(shop, taskId);
    expect(kinds(posts)).toEqual(['images', 'images', 'outcome']);
    const waitId = await waitIdOf(taskId);
    expect(posts.map(({ id }) => id)).toEqual([1, 2, 3].map((sequence) => `${waitId}-${sequence}`));
    expect(posts[2]?.event).toMatchObject({ waitId, sequence: 3, outcome });
    for (const { event } of posts) expectValid('TryOnEvent', event);
    expect(shop.refused).toEqual([]);
    await expect((await deliveryOf('shop', taskId)).result()).resolves.toBeUndefined();
    const status = await stack.status(taskId);
    expect(status.subscribers).toEqual([{ webhook: 'shop' }]);
    expectValid('TryOnStatus', status);
  });

  test('that is down holds up neither the wait nor another webhook', async () => {
    const taskId = stack.emulator.addTask(batches);
    await stack.run({ taskId, notify: [{ webhook: 'down' }, { webhook: 'shop' }] });
    await until(async () => acceptedOf(shop, taskId).length === 3);
    expect(kinds(acceptedOf(shop, taskId))).toEqual(['images', 'images', 'outcome']);
    // The first event is tried again and again; the next one waits for it.
    await until(async () => postsOf(down, taskId).length >= 2);
    expect(new Set(postsOf(down, taskId).map(({ id }) => id)).size).toBe(1);
    expect(await deliveryStatus('down', taskId)).toMatchObject({ state: 'delivering', taskId, pending: [{}, {}, {}] });
    await (await deliveryOf('down', taskId)).terminate();
  });

  test('gets the outcome of a cancelled wait', async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
    const wait = await stack.start({ taskId, notify: [{ webhook: 'shop' }] });
    await until(async () => stack.emulator.queries.some((query) => query.taskId === taskId));
    await wait.cancel();
    await until(async () => acceptedOf(shop, taskId).length === 1);
    expect(postsOf(shop, taskId)[0]?.event).toMatchObject({ kind: 'outcome', outcome: { status: 'cancelled' } });
  });

  test('that answers 410 gets nothing more of this wait, until somebody sends again', async () => {
    const taskId = stack.emulator.addTask(batches);
    let isGone = true;
    const usual = shop.answer;
    shop.answer = (post) => (post.event.taskId === taskId && isGone ? { status: 410 } : usual(post));
    await stack.run({ taskId, notify: [{ webhook: 'shop' }] });
    await until(async () => (await deliveryStatus('shop', taskId))?.givenUp.length === 3);
    expect(postsOf(shop, taskId)).toHaveLength(1);
    const status = await deliveryStatus('shop', taskId);
    expect(status).toMatchObject({ state: 'gone', pending: [] });
    expect(status?.givenUp.map(({ error }) => error?.code)).toEqual(['Gone', 'Gone', 'Gone']);
    isGone = false;
    await (await deliveryOf('shop', taskId)).executeUpdate(messages.resendWebhook);
    await (await deliveryOf('shop', taskId)).result();
    expect(kinds(acceptedOf(shop, taskId))).toEqual(['images', 'images', 'outcome']);
  });

  test('is obeyed when it asks to wait', async () => {
    const taskId = stack.emulator.addTask({ durationSeconds: 0.2 });
    const usual = shop.answer;
    let asked = false;
    shop.answer = (post) => {
      if (post.event.taskId !== taskId || asked) return usual(post);
      asked = true;
      return { status: 429, headers: { 'retry-after': '4' } };
    };
    await stack.run({ taskId, notify: [{ webhook: 'shop' }] });
    await until(async () => acceptedOf(shop, taskId).length === 1);
    const [first, second] = postsOf(shop, taskId);
    expect(first?.id).toBe(second?.id);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(3_900);
  });

  test('at a private address is not asked', async () => {
    const taskId = stack.emulator.addTask({ durationSeconds: 0.2 });
    await stack.run({ taskId, notify: [{ webhook: 'wrong' }] });
    const delivery = await deliveryOf('wrong', taskId);
    await until(async () => {
      const { pendingActivities } = (await delivery.describe()).raw;
      const failure = pendingActivities?.[0]?.lastFailure?.message ?? '';
      return failure.includes('10.9.8.7 is an address that is not public; see TRYON_WEBHOOK_ALLOW');
    });
    await delivery.terminate();
  });

  test('that no worker knows is an error of that subscriber at once, and no failure of the wait', async () => {
    const taskId = stack.emulator.addTask({
      script: [{ polls: 3, task: { state: 'running' } }, { task: { state: 'finished' } }],
    });
    const wait = await stack.start({ taskId, notify: [{ webhook: 'nobody' }, { webhook: 'shop' }] });
    const unknown = async () => {
      const { subscribers } = await stack.status(taskId);
      return subscribers[0]?.error?.code === 'UnknownWebhook' ? subscribers : undefined;
    };
    await until(async () => (await unknown()) !== undefined);
    expect((await stack.status(taskId)).state).toBe('waiting');
    expect(await unknown()).toMatchObject([{ webhook: 'nobody' }, { webhook: 'shop' }]);
    expectValid('TryOnStatus', await stack.status(taskId));
    expect(await wait.result()).toMatchObject({ status: 'finished' });
    // It is tried all the same: the setting may come later.
    await (await deliveryOf('nobody', taskId)).terminate();
  });

  test('joins and leaves a running wait by update and by signal', async () => {
    const taskId = stack.emulator.addTask({
      subTasks: 2,
      script: [{ task: { state: 'running', finishedSubTasks: 1 } }],
    });
    const wait = await stack.start({ taskId });
    await until(async () => (await stack.status(taskId)).images.length > 0);
    const shopSubscriber: Subscriber = { webhook: 'shop' };
    const joined = await wait.executeUpdate<TryOnStatus, [Subscriber]>(messages.subscribe, { args: [shopSubscriber] });
    expect(joined.subscribers).toEqual([{ webhook: 'shop' }]);
    const left = await wait.executeUpdate<TryOnStatus, [Subscriber]>(messages.unsubscribe, { args: [shopSubscriber] });
    expect(left.subscribers).toEqual([]);
    await wait.signal(messages.subscribeSignal, shopSubscriber);
    await until(async () => acceptedOf(shop, taskId).length === 1);
    const [snapshot] = postsOf(shop, taskId);
    expect(snapshot?.event).toMatchObject({ kind: 'snapshot', sequence: 1 });
    expect(snapshot?.id).toMatch(/-1-snapshot-[0-9a-f]{16}$/);
    await wait.cancel();
    await until(async () => acceptedOf(shop, taskId).length === 2);
  });

  test('a subscriber is a workflow or a webhook, not both', async () => {
    const taskId = stack.emulator.addTask({ durationSeconds: 0.2 });
    const both = { webhook: 'shop', workflowId: 'w' } as unknown as Subscriber;
    const wait = await stack.start({ taskId, notify: [both] });
    await expect(wait.result()).rejects.toMatchObject({ cause: { type: 'InvalidTryOnInput' } });
  });

  test('no secret and no URL of a webhook reaches history', async () => {
    const taskId = stack.emulator.addTask({ durationSeconds: 0.2 });
    await stack.run({ taskId, notify: [{ webhook: 'down' }] });
    await until(async () => postsOf(down, taskId).length >= 1);
    const delivery = await deliveryOf('down', taskId);
    const texts: string[] = [];
    for (const workflowId of [delivery.workflowId, resultsWorkflowId(taskId)]) {
      const history = await rawHistory(stack.client, workflowId);
      texts.push(...history.payloads.map(({ text }) => text), ...history.texts.map(({ text }) => text));
    }
    expect(texts.some((text) => text.includes(taskId))).toBe(true);
    const { pendingActivities } = (await delivery.describe()).raw;
    const failures = JSON.stringify(pendingActivities);
    expect(failures).toContain('TryOnWebhookFailed');
    for (const text of [...texts, failures]) {
      for (const hidden of [secret.slice(6), 'hidden-in-url', String(down.port)]) expect(text).not.toContain(hidden);
    }
    await delivery.terminate();
  });

  test('of a listing gets the events of every task, also of a wait that ran before', async () => {
    const begun = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
    const other = stack.emulator.addTask({ durationSeconds: 0.2 });
    const wait = await stack.start({ taskId: begun });
    const listingId = `webhook-${begun}`;
    await stack.client.workflow.start(workflowTypes.listing, {
      taskQueue: stack.taskQueue,
      workflowId: listingWorkflowId(listingId),
      args: [{ listingId, tasks: [{ taskId: begun }, { taskId: other }], notify: [{ webhook: 'shop' }] }],
    });
    await until(() => acceptedOf(shop, begun).length === 1);
    stack.emulator.script(begun, [{ task: { state: 'finished' } }]);
    await wait.executeUpdate(messages.pollNow);
    await until(() => [begun, other].every((taskId) => acceptedOf(shop, taskId).at(-1)?.event.kind === 'outcome'));
    expect(kinds(acceptedOf(shop, begun))).toEqual(['snapshot', 'outcome']);
    expect(kinds(acceptedOf(shop, other))).toEqual(['outcome']);
  });
});
