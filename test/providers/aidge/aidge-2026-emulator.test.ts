/** The client against the emulator's face, which is made from the vendor's pages and SDK without our descriptor. Both ways to sign. */
import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/poll/classify.js';
import { aidge2026Api } from '../../../src/providers/aidge/aidge-2026.js';
import type { Credentials } from '../../../src/providers/auth.js';
import type { BehaviourName, Emulator, EmulatorOptions } from '../../../src/testing.js';
import { useEmulators } from '../../emulator/use-emulator.js';
import { aClient, appKeyPair } from '../server.js';

const startEmulator = useEmulators();
const api = 'aidge-2026';
const request = {
  ...{ ClothImageUrl: "https://shop.example/it's (1).png?a=b&c=é", ClothType: 'tops_and_bottoms' },
  ...{ ModelImageUrl: 'https://shop.example/试穿.png', Resolution: '2K' },
};

const ways = {
  'an app key': ({ appKey = '', appSecret = '' }) => appKeyPair({ appKey, appSecret }),
  'a RAM AccessKey': ({ accessKeyId = '', accessKeySecret = '' }) => ({ kind: 'ram', accessKeyId, accessKeySecret }),
} as const satisfies Record<string, (account: Partial<Emulator['accounts'][number]>) => Credentials>;

describe.each(Object.keys(ways) as (keyof typeof ways)[])('with %s', (way) => {
  const started = async (options: EmulatorOptions = {}) => {
    const clock = { nowMs: Date.parse('2026-11-28T12:00:00Z') };
    const emulator = await startEmulator({ nowMs: () => clock.nowMs, distribution: { fixedSeconds: 10 }, ...options });
    const credentials = async () => ways[way](emulator.accounts[0] ?? {});
    const client = aClient(emulator.url, { nowMs: () => clock.nowMs }, { credentials });
    const poll = async (taskId: string) => {
      const { reply, queries } = await client.results({ taskId, api });
      return { reply, queries, outcome: classify(reply, aidge2026Api, { taskId }) };
    };
    /** The first poll of an ended task with this script. */
    const shown = async (script: BehaviourName) => {
      const taskId = emulator.addTask({ api, script, submittedAtMs: clock.nowMs - 60_000, durationSeconds: 10 });
      return await poll(taskId);
    };
    return { emulator, client, clock, poll, shown };
  };

  test('a task is submitted, polled and has its image', async () => {
    const { client, clock, poll, emulator } = await started();
    const result = await client.submit({ request, api });
    if (result.kind !== 'accepted') throw new Error(JSON.stringify(result));
    const { taskId } = result;
    expect(emulator.task(taskId)).toMatchObject({ api, subTasks: [{ clothes: request.ClothImageUrl }] });
    const seen: unknown[] = [];
    for (const seconds of [0, 5, 5]) {
      clock.nowMs += seconds * 1000;
      seen.push((await poll(taskId)).outcome);
    }
    expect(seen).toEqual([
      { kind: 'pending', status: 'submitted' },
      { kind: 'pending', status: 'running' },
      { kind: 'ended', status: 'finished' },
    ]);
    const { reply } = await poll(taskId);
    expect(reply).toMatchObject({
      task: { taskId, subTasks: [{ status: 'finished', images: [{ imageUrl: expect.stringMatching(/^https?:/) }] }] },
    });
  });

  test.each<[BehaviourName, object]>([
    ['failed-message-only', { kind: 'ended', status: 'failed', error: { layer: 'task' } }],
    ['not-found-service', { kind: 'error', class: 'notFound' }],
    ['not-found-http', { kind: 'error', class: 'notFound' }],
    ['not-found-text', { kind: 'error', class: 'notFound' }],
    ['other-task-id', { kind: 'error', class: 'wrongTask' }],
    ['service-700', { kind: 'error', class: 'refused', error: { code: 'InvalidParameter' } }],
    ['service-1000', { kind: 'error', class: 'refused', error: { code: 'InputContentBlocked' } }],
    ['api-call-limit', { kind: 'error', class: 'throttled', hint: { delayMs: 5_000 } }],
    ['http-429-seconds', { kind: 'error', class: 'throttled', hint: { delayMs: 3_000 } }],
    ['no-resource', { kind: 'error', class: 'quota', error: { code: 'FreeQuotaExhausted' } }],
    ['app-not-subscribed', { kind: 'error', class: 'auth', error: { code: 'ServiceNotOpened' } }],
    ['invalid-app-key', { kind: 'error', class: 'auth' }],
    ['invalid-api-path', { kind: 'error', class: 'refused' }],
    ['unknown-gateway-code', { kind: 'error', class: 'transient' }],
    ['layers-disagree', { kind: 'ended', status: 'finished' }],
    ['data-json-text', { kind: 'ended', status: 'finished' }],
    ['struct-data', { kind: 'ended', status: 'finished' }],
    ['no-service-fields', { kind: 'ended', status: 'finished' }],
  ])('%s', async (behaviour, expected) => {
    const { outcome } = await (await started()).shown(behaviour);
    expect(outcome).toMatchObject(expected);
  });

  test.each<BehaviourName>(['finished', 'struct-data', 'url-items', 'data-json-text', 'inner-json-text', 'no-task-id'])(
    'an image in the shape of %s',
    async (behaviour) => {
      const { reply } = await (await started()).shown(behaviour);
      expect(reply).toMatchObject({ task: { subTasks: [{ images: [{ subTask: 0 }] }] } });
    },
  );

  test('a clock that is two hours off is learned', async () => {
    const { emulator, poll } = await started({ timeWindowSeconds: 900 });
    emulator.setClockSkewMs(7_200_000);
    const taskId = emulator.addTask({ api });
    expect(await poll(taskId)).toMatchObject({ queries: 2, outcome: { kind: 'pending' } });
    expect(await poll(taskId)).toMatchObject({ queries: 1, outcome: { kind: 'pending' } });
  });

  test('a wrong secret is refused, for a poll and for a submit', async () => {
    const { emulator, client, poll } = await started();
    const taskId = emulator.addTask({ api });
    const wrong = aClient(
      emulator.url,
      { nowMs: () => Date.parse('2026-11-28T12:00:00Z') },
      {
        credentials: async () => ways[way]({ ...emulator.accounts[0], appSecret: 'wrong', accessKeySecret: 'wrong' }),
      },
    );
    const { reply } = await wrong.results({ taskId, api });
    expect(classify(reply, aidge2026Api, { taskId })).toMatchObject({ kind: 'error', class: 'clock' });
    expect(await wrong.submit({ request, api })).toMatchObject({ kind: 'rejected', retrySafe: false });
    expect((await poll(taskId)).outcome.kind).toBe('pending');
    expect(await client.submit({ request: { ...request, Resolution: '8K' }, api })).toMatchObject({
      kind: 'rejected',
      error: { code: 'InvalidParameter', message: expect.stringContaining('Resolution') },
    });
  });
});
