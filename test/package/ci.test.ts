import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installation, missingPrograms, testPrograms } from '../../scripts/test-programs.js';
import { withPrograms } from '../../vitest.config.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
// Below `node_modules`, so that the files in it find vitest.
const folder = join(root, 'node_modules/.cache/temporal-tryon-tests', `ci-${process.pid}`);

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the programs that the tests need', () => {
  const lacking = testPrograms.filter(({ program }) =>
    ['prometheus', 'promtool', '/usr/bin/chromium'].includes(program),
  );

  test('are all missed where PATH leads nowhere, but for the one that has a place of its own', async () => {
    const missing = await missingPrograms({ PATH: folder });
    expect(missing.filter(({ program }) => !program.startsWith('/'))).toEqual(
      testPrograms.filter(({ program }) => !program.startsWith('/')),
    );
  });

  test('are found where they are', async () => {
    await writeFile(join(folder, 'tmux'), '', { mode: 0o755 });
    const missing = await missingPrograms({ PATH: folder });
    expect(missing.map(({ program }) => program)).not.toContain('tmux');
  });

  test('are installed as root, each package once', () => {
    const step = installation(lacking, { isRoot: true, isCi: false, hasApt: true });
    expect(step).toMatchObject({ kind: 'run', commands: [['apt-get', 'update', '-qq'], expect.any(Array)] });
    const [, install = []] = step.kind === 'run' ? step.commands : [];
    expect(install).toContain('install');
    expect(install.filter((word) => word === 'prometheus')).toHaveLength(1);
  });

  test('are installed by sudo in CI alone', () => {
    const step = installation(lacking, { isRoot: false, isCi: true, hasApt: true });
    expect(step.kind === 'run' && step.commands.every(([program]) => program === 'sudo')).toBe(true);
  });

  test('are reported to anybody else with the exact command', () => {
    const step = installation(lacking, { isRoot: false, isCi: false, hasApt: true });
    expect(step).toMatchObject({
      kind: 'report',
      message: expect.stringContaining(
        'sudo apt-get update && sudo apt-get install -y --no-install-recommends prometheus chromium fonts-dejavu-core\n',
      ),
    });
  });

  test.each([true, false])('are named where there is no apt-get, root %s', (isRoot) => {
    const step = installation(lacking, { isRoot, isCi: true, hasApt: false });
    expect(step).toMatchObject({ kind: 'report', message: expect.stringContaining('promtool') });
  });

  test('nothing is done where nothing is missing', () => {
    expect(installation([], { isRoot: false, isCi: false, hasApt: false })).toEqual({ kind: 'none' });
  });

  test('are those of the table in CONTRIBUTING.md', async () => {
    const page = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
    const stated = [...page.matchAll(/^\| .* \| `([^`]+)` \|$/gm)].map(([, names]) => names);
    expect(stated).toEqual([...new Set(testPrograms.map(({ packages }) => packages.join(' ')))]);
  });

  test('a fresh machine fails with the command, and says what needs none of them', async () => {
    const failed = run(process.execPath, ['--import', 'tsx', 'scripts/prepare-tests.ts'], {
      cwd: root,
      env: { PATH: folder, HOME: folder },
    });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/mvn \(the time-skipping server[\s\S]*npm run test:quick/),
    });
  });
});

test('test:quick leaves out what needs other programs', async () => {
  const listed = withPrograms.flatMap((glob) => {
    const [before = '', names, after = ''] = glob.split(/[{}]/);
    return names === undefined ? [glob] : names.split(',').map((name) => `${before}${name}${after}`);
  });
  expect(listed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const all = (await readdir(join(root, 'test'), { recursive: true })).filter((path) => path.endsWith('.test.ts'));
  const quick = all
    .map((path) => `test/${path}`)
    .filter((path) => !/^test\/(?:server|time)\//.test(path) && !listed.includes(path));
  const needing = await Promise.all(
    quick.map(async (path) => {
      const text = await readFile(join(root, path), 'utf8');
      return /from '[./]+(?:support\/)?(?:browser|languages|prometheus|python|sdks|terminal)\.js'/.test(text)
        ? [path]
        : [];
    }),
  );
  expect(needing.flat()).toEqual([]);
});

test('a test that passed only when tried again is reported', async () => {
  const flaky = `import { expect, test } from 'vitest';
    let tries = 0;
    test('comes late', { retry: 2 }, () => expect(++tries).toBe(2));
    test('comes at once', () => expect(1).toBe(1));`;
  const project = join(folder, 'flaky');
  await mkdir(project);
  await writeFile(join(project, 'flaky.test.ts'), flaky);
  await writeFile(join(project, 'vitest.config.mjs'), 'export default {};');
  const report = join(project, 'report.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--root', project, '--reporter=json', `--outputFile.json=${report}`];
  await run(process.execPath, args, { cwd: project });
  const { stdout } = await run(process.execPath, [join(root, '.ci/count.mjs'), report], { cwd: project });
  expect(stdout).toContain('1 passed only when tried again');
  expect(stdout).toContain('flaky.test.ts: comes late\n');
  expect(stdout).not.toContain('comes at once');
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('2 passed, 0 failed');
});

// Elsewhere the script has nothing to read.
test.runIf(existsSync('/proc/self/status'))('a process that goes on after the tests is reported', async () => {
  const script = join(root, '.ci/leftovers.mjs');
  const workedIn = join(folder, 'work');
  await mkdir(workedIn);
  const since = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { cwd: folder });
  await once(since, 'spawn');
  const check = () => run(process.execPath, [script, String(since.pid)], { cwd: workedIn });
  try {
    expect((await check()).stdout).toBe('');
    const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { cwd: workedIn });
    await once(left, 'spawn');
    try {
      await expect(check()).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining(`${left.pid} `) });
    } finally {
      left.kill('SIGKILL');
    }
  } finally {
    since.kill('SIGKILL');
  }
});
