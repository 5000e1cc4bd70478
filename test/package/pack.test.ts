import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { manifest, npm, pack, root, run } from '../support/pack.js';

const entries = ['temporal-tryon', 'temporal-tryon/workflow', 'temporal-tryon/testing'];
// Other programs are run, a compiler among them.
vi.setConfig({ testTimeout: 300_000 });
let scratch: string;
let tarball: string;
let builtIn: string;
/** An empty project with the tarball installed: what is not declared is not there. */
let project: string;

const node = async (...args: string[]): Promise<string> => (await run(process.execPath, args, { cwd: project })).stdout;
const write = (name: string, text: string) => writeFile(join(project, name), text);

beforeAll(async () => {
  ({ scratch, tarball, project, builtIn } = await pack());
  await write('package.json', '{ "private": true }');
  await npm(project, 'install', '--ignore-scripts', tarball);
  // For the type checks alone.
  await mkdir(join(project, 'node_modules/@types'), { recursive: true });
  await rm(join(project, 'node_modules/@types/node'), { recursive: true, force: true });
  await symlink(join(root, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'));
}, 600_000);

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

const shown = (call: string) => `console.log(JSON.stringify(Object.keys(${call}).sort()))`;

describe('installed into an empty project', () => {
  test.each(entries)('%s is imported from ESM and required from CommonJS, with the same exports', async (entry) => {
    const imported = await node('--input-type=module', '-e', `import * as all from '${entry}'; ${shown('all')}`);
    const required = await node('--input-type=commonjs', '-e', shown(`require('${entry}')`));
    // A namespace that is required says so by one more key.
    const names = (text: string): string[] => JSON.parse(text).filter((name: string) => name !== '__esModule');
    expect(names(imported).length).toBeGreaterThan(2);
    expect(names(required)).toEqual(names(imported));
  });

  test('neither the native worker nor its bundler was installed, or is missed', async () => {
    const installed = await readdir(join(project, 'node_modules/@temporalio'));
    expect(installed).not.toContain('core-bridge');
    expect(installed).not.toContain('worker');
    expect(await readdir(join(project, 'node_modules'))).not.toContain('webpack');
  });

  test('each Temporal package is there once', async () => {
    const found = await readdir(join(project, 'node_modules'), { recursive: true });
    const copies = found.filter((path) => /(^|\/)@temporalio\/[^/]+\/package\.json$/.test(path));
    expect(copies.length).toBeGreaterThan(0);
    expect(new Set(copies.map((path) => path.split('@temporalio/')[1])).size).toBe(copies.length);
  });

  test('its program runs', async () => {
    const { stdout } = await run(join(project, 'node_modules/.bin/temporal-tryon'), ['--help'], { cwd: project });
    expect(stdout).toContain('poll-now');
  });

  test('a schema is found by its subpath', async () => {
    const schema = await node('-p', "require('temporal-tryon/schemas/TryOnOutcome.json').$schema");
    expect(schema).toContain('json-schema.org');
  });

  test('nothing in it tells where it was built', async () => {
    const inside = join(project, 'node_modules/temporal-tryon');
    const files = (await readdir(inside, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    const telling: string[] = [];
    for (const { parentPath, name } of files) {
      const text = await readFile(join(parentPath, name), 'utf8');
      const maps = [...text.matchAll(/sourceMappingURL=data:[^,]*base64,([\w+/=]+)/g)].map(([, map = '']) =>
        Buffer.from(map, 'base64').toString(),
      );
      if ([text, ...maps].some((one) => [scratch, builtIn, root].some((place) => one.includes(place))))
        telling.push(name);
    }
    expect(files.length).toBeGreaterThan(100);
    expect(telling).toEqual([]);
  });

  test('the workflows are bundled by the worker that runs them, whichever version that is of', async () => {
    const inside = await readdir(join(project, 'node_modules/temporal-tryon/dist'));
    expect(inside).toContain('worker.js');
    expect(inside).not.toContain('workflow-bundle.js');
  });

  test('its size is as the README states it', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const bytesIn = async (folder: string): Promise<number> => {
      const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
      const sizes = await Promise.all(
        files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    const stated = /takes ([\d.]+) MB unpacked\. With its dependencies it takes about (\d+) MB/
      .exec(readme.replace(/\s+/g, ' '))
      ?.slice(1)
      .map(Number);
    const measured = [
      await bytesIn(join(project, 'node_modules/temporal-tryon')),
      await bytesIn(join(project, 'node_modules')),
    ];
    for (const [index, bytes] of measured.entries()) {
      expect(bytes / 1e6 / (stated?.[index] ?? 0)).toBeGreaterThan(0.8);
      expect(bytes / 1e6 / (stated?.[index] ?? 0)).toBeLessThan(1.25);
    }
  });

  test('what is inside is not reached around the entries', async () => {
    const reached = node('--input-type=module', '-e', "import 'temporal-tryon/dist/poll/decide.js'");
    await expect(reached).rejects.toMatchObject({ stderr: expect.stringContaining('ERR_PACKAGE_PATH_NOT_EXPORTED') });
  });
});

// A wrong word must not pass: so the types are found, and are not `any`.
const consumer = `
import { check, createTryOnClient, TryOnPlugin, TryOnResultsInputSchema, type TryOnOutcome } from 'temporal-tryon';
import { startEmulator } from 'temporal-tryon/testing';
import { receiveTryOnEvents, tryOnNexusService, tryOnResults } from 'temporal-tryon/workflow';
export const results: (input: { taskId: string }) => Promise<TryOnOutcome> = tryOnResults;
export const all = [check, createTryOnClient, TryOnPlugin, TryOnResultsInputSchema, startEmulator, receiveTryOnEvents];
export const service: 'tryOn' | string = tryOnNexusService.name;
// @ts-expect-error no such status
export const status: TryOnOutcome['status'] = 'nope';
// @ts-expect-error a number
export const wrong = createTryOnClient({ taskQueue: 1 });
// @ts-expect-error a field that is not known
export const unknown = tryOnResults({ taskId: 't', timeout: 3 });
`;

describe('types', () => {
  test.each([
    {
      how: 'nodenext, ESM and CommonJS',
      files: ['esm.mts', 'cjs.cts'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
    },
    { how: 'a bundler', files: ['bundled.ts'], module: 'esnext', moduleResolution: 'bundler' },
    { how: 'node10, by typesVersions', files: ['old.ts'], module: 'commonjs', moduleResolution: 'node10' },
  ])('are right under $how', async ({ files, module, moduleResolution }) => {
    for (const file of files) await write(file, consumer);
    const options = { module, moduleResolution, target: 'es2022', strict: true, skipLibCheck: true, noEmit: true };
    const config = `tsconfig.${moduleResolution}.json`;
    await write(config, JSON.stringify({ compilerOptions: { ...options, types: ['node'] }, files }));
    const found = await node(join(root, 'node_modules/typescript/bin/tsc'), '-p', config).catch(({ stdout }) => stdout);
    expect(found).toBe('');
  });
});

describe('the workflow entry', () => {
  test('is bundled for the sandbox from a file that re-exports it', async () => {
    await write('workflows.mjs', "export { tryOnListing, tryOnResults } from 'temporal-tryon/workflow';\n");
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(project, 'workflows.mjs'),
      logger: new DefaultLogger('ERROR'),
    });
    expect(code).toContain('tryOnSubscribe');
    expect(code).not.toContain('node_modules/undici');
  });

  test('has no side effect: a bundler may leave out what is not used', async () => {
    expect(manifest.sideEffects).toBeDefined();
    const global = 'Object.getOwnPropertyNames(globalThis).length';
    const added = `const before = ${global}; await import('temporal-tryon/workflow'); console.log(${global} - before)`;
    const theirs = `const before = ${global}; await import('@temporalio/workflow'); await import('nexus-rpc'); console.log(${global} - before)`;
    expect(await node('--input-type=module', '-e', added)).toBe(await node('--input-type=module', '-e', theirs));
  });
});

describe('linted as published', () => {
  test('publint has nothing to say', async () => {
    const { messages } = await publint({
      pack: { tarball: new Uint8Array(await readFile(tarball)).buffer },
      strict: true,
    });
    expect(messages).toEqual([]);
  });

  test('arethetypeswrong finds nothing but that CommonJS gets ESM, which Node.js allows', async () => {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(tarball))));
    const problems = result.types === false ? ['no types'] : result.problems;
    expect(problems.filter((one) => typeof one === 'string' || one.kind !== 'CJSResolvesToESM')).toEqual([]);
    expect(problems.length).toBeGreaterThan(0);
  });
});
