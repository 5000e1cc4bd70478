import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'undici';
import { expect, test } from 'vitest';
import { startEmulator } from '../../src/testing.js';
import { callV2, query, v2Target } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();

test('a query is an event before its answer is sent, and can be awaited before and after', async () => {
  const emulator = await start();
  const taskId = emulator.addTask();
  const heard: number[] = [];
  const stop = emulator.onQuery(({ number }) => heard.push(number));
  const second = emulator.waitForQuery(taskId, 2);
  await query(emulator, taskId);
  await query(emulator, taskId);
  expect(await second).toMatchObject({ number: 2, poll: 2, taskId, path: '/ai/virtual/tryon-results' });
  expect(await emulator.waitForQuery(taskId)).toMatchObject({ number: 1, poll: 1 });
  expect(await emulator.waitForAny(({ poll }) => poll === 2)).toMatchObject({ number: 2 });
  stop();
  await query(emulator, taskId);
  expect(heard).toEqual([1, 2]);
  expect(emulator.stats).toMatchObject({ queries: 3, submits: 0, unauthorised: 0 });
});

test('a full log drops its oldest half; the counter goes on', async () => {
  const emulator = await start({ logEntries: 4 });
  const taskId = emulator.addTask();
  for (let poll = 0; poll < 7; poll++) await query(emulator, taskId);
  expect(emulator.queries.map(({ number }) => number)).toEqual([5, 6, 7]);
  expect(emulator.stats.queries).toBe(7);
});

test('an outage answers every call before keys are checked, and ends', async () => {
  const emulator = await start({ distribution: { fixedSeconds: 0 } });
  const taskId = emulator.addTask({ script: 'stuck x1' });
  await emulator.outage('http-503 x3');
  const statuses: number[] = [];
  for (const options of [{}, { secret: 'wrong' }, { path: '/rest/ai/virtual/tryon' }, {}]) {
    statuses.push((await callV2(emulator, { business: { task_id: taskId }, ...options })).statusCode);
  }
  expect(statuses).toEqual([503, 503, 503, 200]);
  expect(emulator.queries.map(({ answered }) => answered)).toEqual(['http:503', 'http:503', 'running']);
  await emulator.outage('reset-before-headers always');
  await expect(callV2(emulator, { business: { task_id: 'unknown' } })).rejects.toMatchObject({ code: 'ECONNRESET' });
  await emulator.outage();
  expect((await query(emulator, taskId)).data.taskStatus).toBe('finished');
});

test('an outage can refuse connections, and the same port accepts them afterwards', async () => {
  const emulator = await start();
  const taskId = emulator.addTask();
  await query(emulator, taskId);
  await emulator.outage('refuse');
  await expect(callV2(emulator, { business: { task_id: taskId } })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await emulator.outage();
  expect((await query(emulator, taskId)).code).toBe('0');
});

test('requests in flight and connections are counted', async () => {
  const emulator = await start({ script: 'hang' });
  const ids = [emulator.addTask(), emulator.addTask(), emulator.addTask()];
  const asking = ids.map((taskId) => callV2(emulator, { business: { task_id: taskId } }).catch(() => undefined));
  await Promise.all(ids.map((taskId) => emulator.waitForQuery(taskId)));
  expect(emulator.stats).toMatchObject({ inFlight: 3, peakInFlight: 3, openConnections: 3 });
  await emulator.close();
  await Promise.all(asking);
  expect(emulator.stats).toMatchObject({ inFlight: 0, openConnections: 0, peakInFlight: 3 });
});

test.each(['hang', 'drip', 'endless-body', 'huge-body', 'slow', 'live'])(
  'closing ends requests in progress: %s',
  async (script) => {
    const emulator = await startEmulator({ script });
    const taskId = emulator.addTask();
    const client = new Client(emulator.url);
    const asking = client
      .request({
        method: 'POST',
        path: v2Target(emulator),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ task_id: taskId }),
      })
      .catch((error: Error) => error);
    await emulator.waitForQuery(taskId);
    const never = emulator.waitForQuery('never');
    await emulator.close();
    await expect(never).rejects.toThrow('the emulator closed');
    expect(emulator.stats.openConnections).toBe(0);
    const answer = await asking;
    if (!(answer instanceof Error)) await answer.body.dump().catch(() => undefined);
    await client.destroy();
  },
);

test('a process exits after its emulator is closed', async () => {
  const code = `
    import { startEmulator } from './src/testing.ts';
    const emulator = await startEmulator({ script: 'hang', strict: false });
    const taskId = emulator.addTask();
    const url = emulator.url + '/rest/ai/virtual/tryon-results';
    const headers = { 'content-type': 'application/json' };
    fetch(url, { method: 'POST', headers, body: JSON.stringify({ task_id: taskId }) }).catch(() => undefined);
    await emulator.waitForQuery(taskId);
    await emulator.close();
    process.stdout.write('closed');
  `;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    timeout: 20_000, // a handle left open would let it run on until it is killed, which rejects
  });
  expect(stdout).toBe('closed');
});
