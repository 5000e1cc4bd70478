/** The examples that `test/server/languages.test.ts` runs: how each is built, and how its programs are run. */
import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Client } from '@temporalio/client';
import { expect } from 'vitest';
import {
  failureTypes,
  messages,
  type TryOnEvent,
  type TryOnEventOutcome,
  type TryOnImage,
  type TryOnOutcome,
  type TryOnStatus,
} from '../../src/contract.js';
import { cacheDir, lookUp, outputOf } from '../../src/dev-server/find-cli.js';
import { aRequest } from './jobs.js';
import { packed } from './pack.js';
import { type Program, programs } from './programs.js';
import type { Stack } from './stack.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = join(root, 'examples');

/** What a caller prints. */
export interface Called {
  readonly subscribed: TryOnStatus;
  readonly status: TryOnStatus;
  readonly outcome: TryOnOutcome;
}

/** What a parent returns, and its program prints. */
export interface Received {
  readonly outcome: TryOnEventOutcome;
  readonly images: readonly TryOnImage[];
  /** Of the events that it took, repeats dropped. */
  readonly kinds: readonly TryOnEvent['kind'][];
}

/** The events signalled to a workflow, repeats too, out of its history. */
export async function signalledEvents(client: Client, workflowId: string): Promise<TryOnEvent[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? [])
    .map((event) => event.workflowExecutionSignaledEventAttributes)
    .filter((signal) => signal?.signalName === messages.event)
    .map((signal) => JSON.parse(Buffer.from(signal?.input?.payloads?.[0]?.data ?? []).toString()));
}

/** A program and its arguments, without those of the caller or parent. */
export interface CommandLine {
  readonly cwd: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** An example that has been built. */
export interface BuiltExample {
  readonly caller: CommandLine;
  /** Submits a request. */
  readonly job: CommandLine;
  /** Absent where a language has no workflows. */
  readonly parent?: CommandLine;
  /** Takes away what was built, where it was built apart. */
  remove?(): Promise<void>;
}

/** One language. */
export interface Language {
  readonly name: string;
  /** Prefix of the parent's workflow id; absent without a parent. */
  readonly parentId?: string;
  /** Whether its parent ends when its child refuses the input. */
  readonly seesRefusal?: boolean;
  /** @throws Error, one line with the remedy, where the machine lacks the language */
  build(): Promise<BuiltExample>;
}

const javaRemedy = 'install JDK 17 or later and Maven (Debian: apt-get install default-jdk-headless maven)';

async function need(program: string, remedy: string): Promise<string> {
  const found = await lookUp(program);
  if (found === undefined) throw new Error(`no ${program} on PATH: ${remedy}`);
  return found;
}

async function succeeds(program: string, args: readonly string[], cwd: string): Promise<void> {
  const building: Program = programs().start(program, args, { cwd });
  const { code, stdout, stderr } = await building.ended;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
}

/**
 * The UTF-16 units that Java counts as white space.
 * @throws Error, one line with the remedy, where there is no JDK
 */
export async function javaWhitespace(): Promise<ReadonlySet<string>> {
  await need('javac', javaRemedy);
  const source = fileURLToPath(new URL('Whitespace.java', import.meta.url));
  const lines = await outputOf(await need('java', javaRemedy), ['-XX:TieredStopAtLevel=1', source], process.env);
  return new Set(
    lines
      .trim()
      .split(/\s+/)
      .map((hex) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
}

const go: Language = {
  name: 'Go',
  parentId: 'go-parent',
  seesRefusal: true,
  async build() {
    const cwd = join(examples, 'go');
    const program = await need('go', 'install Go 1.24 or later (https://go.dev/dl)');
    const bin = join(cacheDir(), 'examples-go');
    await mkdir(bin, { recursive: true });
    await succeeds(program, ['build', '-buildvcs=false', '-o', bin, './caller', './job', './parent'], cwd);
    const line = (name: string): CommandLine => ({ cwd, program: join(bin, name), args: [] });
    return { caller: line('caller'), job: line('job'), parent: line('parent') };
  },
};

const java: Language = {
  name: 'Java',
  parentId: 'java-parent',
  seesRefusal: true,
  async build() {
    const cwd = join(examples, 'java');
    const program = await need('java', javaRemedy);
    await need('javac', javaRemedy);
    await succeeds(await need('mvn', javaRemedy), ['-q', '-B', 'compile'], cwd);
    // A short-lived JVM: no time for the optimising compiler.
    const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', 'target/classes:target/libraries/*'];
    const line = (main: string): CommandLine => ({ cwd, program, args: [...flags, main] });
    return { caller: line('tryon.Caller'), job: line('tryon.Job'), parent: line('tryon.Parent') };
  },
};

const http: Language = {
  name: 'plain HTTP',
  async build() {
    const line = (file: string): CommandLine => ({
      cwd: join(examples, 'http'),
      program: process.execPath,
      args: [file],
    });
    return { caller: line('caller.mjs'), job: line('job.mjs') };
  },
};

const typescript: Language = {
  name: 'TypeScript',
  parentId: 'typescript-parent',
  seesRefusal: true,
  // A project of its own, with this package unpacked in its node_modules: what the example imports is what users install.
  async build() {
    const cwd = await mkdtemp(join(tmpdir(), 'tryon-typescript-'));
    const modules = join(cwd, 'node_modules');
    const installed = join(modules, 'temporal-tryon');
    await mkdir(installed, { recursive: true });
    await cp(join(examples, 'typescript'), cwd, { recursive: true });
    for (const name of await readdir(join(root, 'node_modules'))) {
      if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name));
    }
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await succeeds('tar', ['-xzf', (await packed()).tarball, '--strip-components=1', '-C', installed], cwd);
    await succeeds(process.execPath, [tsc, '-p', cwd], cwd);
    const line = (file: string): CommandLine => ({ cwd, program: process.execPath, args: ['--import', 'tsx', file] });
    return {
      caller: line('caller.ts'),
      job: line('job.ts'),
      parent: line('parent.ts'),
      remove: () => rm(cwd, { recursive: true, force: true }),
    };
  },
};

/** All but Python, which has a test of its own. */
export const languages: readonly Language[] = [go, java, http, typescript];

/** A folder for the images of jobs, and a request to submit. */
export async function jobFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'tryon-jobs-'));
  const request = join(folder, 'request.json');
  await writeFile(request, JSON.stringify([aRequest, aRequest]));
  return {
    request,
    /** Settings of a worker that archives there. */
    env: { TRYON_ARCHIVE: pathToFileURL(join(folder, 'images')).href, TRYON_ARCHIVE_ALLOW: '127.0.0.1' },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Runs the example of a job twice: it submits once, prints where the eight images are archived, and is refused a wrong request id.
 * @param start - starts the example with these arguments
 */
export async function expectJob(
  start: (...args: string[]) => Program,
  request: string,
  { emulator }: Pick<Stack, 'emulator'>,
): Promise<void> {
  const requestId = `order-${randomUUID()}`;
  const { code, stdout, stderr } = await start(requestId, request).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^finished\b/m) });
  const locations = stdout.trim().split(/\r?\n/);
  expect(new Set(locations).size).toBe(8);
  const taskIds = new Set(locations.map((location) => location.split('/').at(-2)));
  expect(taskIds.size).toBe(1);
  for (const location of locations) expect((await stat(new URL(location))).size).toBeGreaterThan(0);
  // The job has ended: its result is there, and nothing is submitted again.
  const again = await start(requestId, request).ended;
  expect(again).toMatchObject({ code: 0, stdout });
  const [taskId = ''] = taskIds;
  expect(emulator.submits.filter((submit) => submit.taskId === taskId)).toHaveLength(1);
  const refused = await start('no spaces', request).ended;
  expect(refused.stderr).toContain(
    `${failureTypes.invalidInput}: requestId is "no spaces"; give 1 to 200 visible ASCII`,
  );
  expect(refused).toMatchObject({ code: 1, stdout: '' });
}
