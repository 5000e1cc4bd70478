/** Pythons of the tests: one with Temporal's SDK, since another language needs no more than the contract; one with Kubernetes' schemas. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir, lookUp, outputOf } from '../../src/dev-server/find-cli.js';
import type { CommandLine } from './languages.js';

const requirements = fileURLToPath(new URL('../../examples/python/requirements.txt', import.meta.url));
const kubernetesRequirements = fileURLToPath(new URL('./kubernetes-requirements.txt', import.meta.url));

/**
 * The interpreter of a virtual environment with `temporalio` from PyPI, made in the cache directory where it is not there yet.
 * The version is that of the examples.
 * @throws Error, one line with the remedy, when there is no Python or the package cannot be had
 */
export const temporalPython = (env: NodeJS.ProcessEnv = process.env): Promise<string> =>
  pythonWith('temporalio', requirements, env);

/** The same with `kubernetes-validate`, which has the schemas of Kubernetes' versions. */
export const kubernetesPython = (env: NodeJS.ProcessEnv = process.env): Promise<string> =>
  pythonWith('kubernetes-validate', kubernetesRequirements, env);

async function pythonWith(name: string, file: string, env: NodeJS.ProcessEnv): Promise<string> {
  const needed = await readFile(file, 'utf8');
  const version = new RegExp(`^${name}==(\\S+)$`, 'm').exec(needed)?.[1];
  if (version === undefined) throw new Error(`${file} pins no version of ${name}`);
  const digest = createHash('sha256').update(needed).digest('hex').slice(0, 8);
  const venv = join(cacheDir(env), `python-${name}-${version}-${digest}`);
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
    await outputOf(interpreter, ['-m', 'pip', 'install', '--quiet', '-r', file], env);
  } catch (error) {
    throw new Error(`no Python with ${name} ${version}: ${(error as Error).message}`, { cause: error });
  }
  await mkdir(ready);
  return interpreter;
}

/** The command line of a script of `examples/python`. */
export async function pythonLine(script: string): Promise<CommandLine> {
  return { cwd: dirname(requirements), program: await temporalPython(), args: [script] };
}
