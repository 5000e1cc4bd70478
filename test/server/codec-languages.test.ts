/** Callers in other languages that encrypt: `examples/*` with keys, against a worker with keys. The program is that of the examples. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { resultsWorkflowId } from '../../src/contract.js';
import { type BuiltExample, type Called, type CommandLine, languages, type Received } from '../support/languages.js';
import { type Programs, programs } from '../support/programs.js';
import { pythonLine } from '../support/python.js';
import { type Stack, startStack } from '../support/stack.js';
import { rawHistory } from './read-history.js';

const keyOf = (message: string): string => `${message}:${Buffer.alloc(32, message).toString('base64')}`;
const workerKeys = [keyOf('a'), keyOf('b')].join();
/** In the middle of a rotation: the callers encrypt with the next key already. A file's form, with a comment. */
const callerKeys = `${keyOf('b')} # next\n${keyOf('a')}\n`;

let stack: Stack;
let started: Programs;
beforeAll(async () => {
  const { address, namespace } = inject('temporal');
  stack = await startStack({ address, namespace, env: { TRYON_CODEC_KEYS: workerKeys } });
  started = programs({
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TRYON_TASK_QUEUE: stack.taskQueue,
    TRYON_CODEC_KEYS: callerKeys,
    PYTHONDONTWRITEBYTECODE: '1',
  });
});
afterAll(async () => {
  await started?.stop();
  await stack?.stop();
});

const python = {
  name: 'Python',
  build: async () => ({
    caller: await pythonLine('caller.py'),
    job: await pythonLine('job.py'),
    parent: await pythonLine('parent.py'),
  }),
};
const encrypting = [python, ...languages.filter(({ name }) => ['Go', 'Java'].includes(name))];

const run = ({ program, args, cwd }: CommandLine, ...more: string[]) =>
  started.start(program, [...args, ...more], { cwd });

describe.each(encrypting)('in $name', ({ build }) => {
  let example: BuiltExample;
  beforeAll(async () => {
    example = await build();
  }, 300_000);

  test('a caller and a parent encrypt what they send, and read what the worker encrypted', async () => {
    const { caller, parent } = example;
    if (parent === undefined) throw new Error('there is no parent');
    const [taskId, other] = [0.3, 0.3].map((durationSeconds) => stack.emulator.addTask({ durationSeconds })) as [
      string,
      string,
    ];
    const [called, { outcome, images }] = await Promise.all([
      run(caller, taskId, `nobody-${randomUUID()}`).json<Called>(),
      run(parent, other).json<Received>(),
    ]);
    expect(called.subscribed.taskId).toBe(taskId);
    expect(called.outcome.status).toBe('finished');
    expect(called.outcome.images).toHaveLength(8);
    expect(outcome).toMatchObject({ taskId: other, status: 'finished' });
    expect(images).toHaveLength(8);

    const { payloads, json } = await rawHistory(stack.client, resultsWorkflowId(taskId));
    const [input] = payloads.filter(({ path }) => path.includes('workflowExecutionStartedEventAttributes.input'));
    expect(input?.encoding).toBe('binary/encrypted');
    const idOf = (id: string): string => `"encryption-key-id":"${Buffer.from(id).toString('base64')}"`;
    for (const id of ['a', 'b']) expect(JSON.stringify(json)).toContain(idOf(id));
  });

  test('a caller without the key of a payload says which one', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const lacking = { ...example.caller, args: [...example.caller.args, taskId, 'nobody'] };
    const keys = { TRYON_CODEC_KEYS: keyOf('b') };
    const { code, stderr } = await started.start(lacking.program, lacking.args, { cwd: lacking.cwd, env: keys }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('a payload is encrypted with key "a", which TRYON_CODEC_KEYS does not hold');
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).terminate('the test is over');
  });
});
