/**
 * Published SDKs of the gateway's family, unchanged, for the emulator's conformance test. They are installed in the cache directory, with
 * the versions and hashes of `test/support/sdks`, where no script of a package runs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { cacheDir, outputOf } from '../../src/dev-server/find-cli.js';
import { pythonWith } from './python.js';

const here = fileURLToPath(new URL('sdks', import.meta.url));

/** A Python with `lazop-sdk`: the official SDK for Python of the Lazada Open Platform, as PyPI has it. */
export const lazopPython = (env: NodeJS.ProcessEnv = process.env): Promise<string> =>
  pythonWith('lazop-sdk', join(here, 'requirements.txt'), env);

/** A folder with `ae_sdk` and `lazada-open-platform-sdk` from npm in its `node_modules`. */
export async function npmSdks(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const lock = await readFile(join(here, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 8);
  const folder = join(cacheDir(env), `npm-sdks-${digest}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheDir(env), { recursive: true });
  // In a separate directory, then one rename: another process never finds half of it.
  const making = await mkdtemp(join(cacheDir(env), 'getting-'));
  try {
    for (const name of ['package.json', 'package-lock.json']) await cp(join(here, name), join(making, name));
    await outputOf('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', making], env);
    await rename(making, folder);
  } catch (error) {
    if (!existsSync(folder)) throw new Error(`no SDKs from npm: ${(error as Error).message}`, { cause: error });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

/** A Python with the published clients of vendors: `alibabacloud-aidge20260428` and `dashscope`. */
export const vendorPython = (env: NodeJS.ProcessEnv = process.env): Promise<string> =>
  pythonWith('vendor SDKs', join(here, 'vendor-requirements.txt'), env);

/** Where an SDK puts the parameters: all in the query, in the query and a JSON body, in a form, or in a multipart body with a file. */
export type ParameterPlace = 'query' | 'json' | 'form' | 'multipart';

/** Calls to make, one after the other. */
export interface SdkWork {
  readonly url: string;
  readonly appKey: string;
  readonly appSecret: string;
  readonly apiName: string;
  readonly calls: readonly (readonly (readonly [name: string, value: string])[])[];
}

/** Makes the calls with an SDK, in a process of its own. Rejects with what it printed where it failed. */
export async function callWithSdk(
  sdk: 'lazop-sdk' | 'ae_sdk' | 'lazada-open-platform-sdk',
  form: ParameterPlace,
  work: SdkWork,
): Promise<void> {
  const [program, args] =
    sdk === 'lazop-sdk'
      ? [await lazopPython(), [join(here, 'lazop.py')]]
      : [process.execPath, [join(here, 'npm.mjs'), sdk, await npmSdks()]];
  await output(program, args, { ...work, form });
}

/**
 * Uses a vendor's published client, in a process of its own; what each of its steps gave, by name. Rejects with what it printed where it
 * failed.
 */
// biome-ignore lint/suspicious/noExplicitAny: what clients of vendors give
export async function useVendorSdk(sdk: 'aidge' | 'dashscope' | 'fashn' | 'fal', settings: unknown): Promise<any> {
  const [program, args] =
    sdk === 'fashn' || sdk === 'fal'
      ? [process.execPath, [join(here, `${sdk}.mjs`), await npmSdks()]]
      : [await vendorPython(), [join(here, 'vendors.py'), sdk]];
  return JSON.parse(await output(program, args, settings));
}

/** What a program prints that reads `input` as JSON. */
async function output(program: string, args: readonly string[], input: unknown): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'tryon-sdk-')); // lazop-sdk makes a folder for logs there
  try {
    const env = { ...process.env, HOME: home, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', PYTHONUTF8: '1' };
    const child = spawn(program, args, { env, cwd: home, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.on('error', () => undefined); // it has ended by itself, and its code says so
    child.stdin.end(JSON.stringify(input));
    const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    const [printed, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
    return printed;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
