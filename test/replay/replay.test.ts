import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { workflowSource } from '../../src/worker/bundle.js';

const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const load = (name: string): { events: { eventType: string }[] } =>
  JSON.parse(readFileSync(`${folder}${name}`, 'utf8'));

let workflowBundle: WorkflowBundle;
beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({ ...workflowSource, logger: new DefaultLogger('ERROR') });
});

describe('recorded histories', () => {
  test('there is one of every shape', () => {
    expect(names.length).toBeGreaterThanOrEqual(20);
  });

  test.each(names)('%s replays', async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, load(name));
  });

  test.each(names)('%s names no place on a disk', (name) => {
    expect(readFileSync(`${folder}${name}`, 'utf8')).not.toMatch(
      /file:\/\/|"[^"]*\/(work|root|home|Users|tmp|usr)\/|[A-Z]:\\\\/,
    );
  });

  test('a history that the code would not make is told', async () => {
    const history = load('plain.json');
    const scheduled = JSON.parse(JSON.stringify(history).replaceAll('"tryOnPoll"', '"somethingElse"'));
    await expect(Worker.runReplayHistory({ workflowBundle }, scheduled)).rejects.toThrow();
  });
});
