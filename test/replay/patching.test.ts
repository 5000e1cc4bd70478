import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patches } from '../../src/workflows/patches.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const histories = join(root, 'test/histories');
const plain = JSON.parse(readFileSync(join(histories, 'plain.json'), 'utf8'));

/** A change of commands, as somebody might make one: the wait rests before it ends. */
const change = 'await sleep(1_000);';
const place = '      await this.settled();\n      return await this.finish();\n';
const row = "  rest: { id: 'rest-before-end', reason: 'a trial', since: '9.9.9', history: 'plain.json' },";

describe('the register of patches', () => {
  test('has ids that differ, and a recorded history for each row', () => {
    const rows = Object.values(patches);
    expect(new Set(rows.map((patch) => patch.id)).size).toBe(rows.length);
    for (const patch of rows) expect(existsSync(join(histories, patch.history)), patch.id).toBe(true);
  });
});

describe('a change of workflow code', () => {
  let folder: string;
  beforeAll(async () => {
    // Inside the repository, so that packages resolve.
    await mkdir(join(root, '.cache'), { recursive: true });
    folder = await mkdtemp(join(root, '.cache/patching-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  /** The package's workflows with `insert` put in before a wait ends. */
  async function changed(name: string, insert: string): Promise<WorkflowBundle> {
    const source = join(folder, name);
    await cp(join(root, 'src'), source, { recursive: true });
    const edit = async (file: string, from: string, to: string) => {
      const text = await readFile(join(source, file), 'utf8');
      expect(text.split(from), `${file} has the place to change once`).toHaveLength(2);
      await writeFile(join(source, file), text.replace(from, to));
    };
    await edit('workflows/wait-run.ts', place, `      ${insert}\n${place}`);
    await edit(
      'workflows/wait-run.ts',
      'import { Publisher }',
      "import { isPatched } from './patches.js';\nimport { Publisher }",
    );
    await edit(
      'workflows/patches.ts',
      'Readonly<Record<string, Patch>> = {};',
      `Readonly<Record<string, Patch>> = {\n${row}\n};`,
    );
    const workflowsPath = join(source, 'workflows/index.ts');
    return await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  }

  test('without a patch breaks a history that was recorded before it', async () => {
    const workflowBundle = await changed('unpatched', change);
    await expect(Worker.runReplayHistory({ workflowBundle }, plain)).rejects.toThrow(
      /determinism|transition is invalid/i,
    );
  });

  test('behind a registered patch replays it', async () => {
    const workflowBundle = await changed('patched', `if (isPatched('rest')) ${change}`);
    await Worker.runReplayHistory({ workflowBundle }, plain);
  });
});
