import { describe, expect, test, vi } from 'vitest';
import { vendorQueueRate } from '../../src/schedule/poll-cost.js';
import type { QueueClient, QueueLimit, QueueState } from '../../src/temporal/queue-limit.js';
import { limitReasons } from '../../src/temporal/vendor-limit.js';
import { createQueueLimits } from '../../src/worker/queue-limits.js';

const refusal = (code: number) => Object.assign(new Error('refused'), { code });
const unimplemented = refusal(12);
const forbidden = refusal(7);

/** A server that keeps a limit, or refuses to. */
function aServer(
  given: { limit?: QueueLimit; partitions?: number; describe?: Error; update?: Error; list?: Error } = {},
) {
  let { limit } = given;
  const client = {
    options: { namespace: 'default' },
    withDeadline: (_at: number, work: () => unknown) => work(),
    workflowService: {
      async listTaskQueuePartitions() {
        if (given.list !== undefined) throw given.list;
        return { activityTaskQueuePartitions: Array.from({ length: given.partitions ?? 1 }, () => ({})) };
      },
      async updateTaskQueueConfig(request: {
        identity: string;
        updateQueueRateLimit: { reason: string; rateLimit: { requestsPerSecond: number } };
      }) {
        if (given.update !== undefined) throw given.update;
        const { reason, rateLimit } = request.updateQueueRateLimit;
        limit = { perSecond: Math.fround(rateLimit.requestsPerSecond), reason, identity: request.identity };
        return {};
      },
    },
  } as unknown as QueueClient;
  const describeQueue = async (): Promise<QueueState> => {
    if (given.describe !== undefined) throw given.describe;
    const inForce = { source: limit === undefined ? 'server' : 'queue' } as const;
    return { inForce, backlog: 0, backlogAgeSeconds: 0, ...(limit === undefined ? {} : { limit }) };
  };
  return {
    client,
    describe: describeQueue,
    limit: () => limit,
    become: (changed: QueueLimit | undefined) => {
      limit = changed;
    },
  };
}

function aWorker(server: ReturnType<typeof aServer>, queriesPerSecond = 20) {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn() };
  const queues = [{ account: 'default', queue: 'tryon-vendor', queriesPerSecond }];
  const { client, describe: describeQueue } = server;
  const limits = createQueueLimits({ client, queues, describe: describeQueue, log });
  return { limits, log, observe: async () => await limits.observe('default', await describeQueue()) };
}

const operatorLimit = { perSecond: vendorQueueRate(5), identity: 'ann', reason: limitReasons.operator(5) };

describe('a worker that starts', () => {
  test('sets the limit of its settings on the queue, and gives none with its polls', async () => {
    const server = aServer();
    const { limits } = aWorker(server);
    expect(limits.pollRate('default')).toBeGreaterThan(0);
    await limits.start();
    expect(server.limit()?.perSecond).toBeCloseTo(vendorQueueRate(20), 4);
    expect(server.limit()?.identity).toMatch(/^temporal-tryon worker \d+@/);
    expect(limits.pollRate('default')).toBeUndefined();
  });

  test('divides the budget so that four partitions stay within it', async () => {
    const server = aServer({ partitions: 4 });
    await aWorker(server, 1).limits.start();
    expect(server.limit()?.perSecond).toBeCloseTo(vendorQueueRate(1, 4), 5);
  });

  test('takes four partitions for granted where they cannot be listed', async () => {
    const server = aServer({ list: forbidden });
    await aWorker(server, 1).limits.start();
    expect(server.limit()?.perSecond).toBeCloseTo(vendorQueueRate(1, 4), 5);
  });

  test('after another one sets its own', async () => {
    const server = aServer();
    await aWorker(server, 20).limits.start();
    await aWorker(server, 10).limits.start();
    expect(server.limit()?.perSecond).toBeCloseTo(vendorQueueRate(10), 4);
  });

  test("leaves an operator's limit alone, says so once and plans by it", async () => {
    const server = aServer({ limit: operatorLimit });
    const { limits, log, observe } = aWorker(server);
    await limits.start();
    await observe();
    expect(server.limit()).toBe(operatorLimit);
    expect(limits.queriesPerSecond('default')).toBe(5);
    expect(limits.pollRate('default')).toBeUndefined();
    expect(log.info).toHaveBeenCalledOnce();
    expect(log.info.mock.calls[0]?.[0]).toMatch(/ann has set 5 queries\/s.*temporal-tryon budget default --clear/);
  });

  test.each([
    ['may not describe queues', { describe: forbidden }, 'warn'],
    ['may not set limits', { update: forbidden }, 'warn'],
    ['finds a server without limits of queues', { describe: unimplemented }, 'debug'],
    ['gets no answer', { update: refusal(4) }, 'warn'],
  ] as const)('and %s gives the limit with its polls', async (_name, given, level) => {
    const server = aServer(given);
    const { limits, log } = aWorker(server);
    await limits.start();
    expect(limits.pollRate('default')).toBe(vendorQueueRate(20));
    expect(log[level]).toHaveBeenCalledOnce();
  });
});

describe('a worker that runs', () => {
  test('sets the limit again that was removed or given back, and no other', async () => {
    const server = aServer();
    const { limits, observe } = aWorker(server);
    await limits.start();
    const own = server.limit();
    for (const gone of [undefined, { ...operatorLimit, reason: limitReasons.released }]) {
      server.become(gone);
      await observe();
      expect(server.limit()).toEqual(own);
      expect(limits.queriesPerSecond('default')).toBeUndefined();
    }
    const others = { perSecond: 3, identity: 'another', reason: limitReasons.worker(4) };
    server.become(others);
    await observe();
    expect(server.limit()).toBe(others);
    expect(limits.queriesPerSecond('default')).toBe(4);
  });

  test('does not try again what it may not do', async () => {
    const server = aServer({ update: forbidden });
    const { limits, log, observe } = aWorker(server);
    await limits.start();
    await observe();
    expect(log.debug).not.toHaveBeenCalled();
  });
});
