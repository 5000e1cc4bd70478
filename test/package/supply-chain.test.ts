import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  installedOf,
  isAllowed,
  type Lock,
  licencesPage,
  mayComeIn,
  readAudit,
  unanswered,
} from '../../scripts/supply-chain.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const lock: Lock = JSON.parse(read('package-lock.json')).packages;
const manifest = JSON.parse(read('package.json'));
const installed = installedOf(lock);

describe('licences of what an installation brings along', () => {
  test('all dependencies and peers are there, and what they need', () => {
    const names = new Set(installed.map(({ name }) => name));
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
      expect(names).toContain(name);
    expect(names).toContain('@temporalio/core-bridge');
    expect(names).not.toContain('vitest');
  });

  test('each is on the list: else ask whether it may come in', () => {
    expect(installed.filter((one) => !mayComeIn(one))).toEqual([]);
  });

  test('the lock file says what the packages themselves say', () => {
    const there = installed.filter(({ at }) => existsSync(join(root, at, 'package.json')));
    expect(there.length).toBeGreaterThan(50);
    const differing = there.filter(({ at, licence }) => {
      const { license } = JSON.parse(read(`${at}/package.json`));
      return license !== undefined && license !== licence;
    });
    expect(differing).toEqual([]);
  });

  test('docs/licences.md is in step: else node --import tsx scripts/generate-licences.ts', () => {
    expect(read('docs/licences.md')).toBe(licencesPage(installed));
  });

  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['Apache-2.0 AND MIT', true],
    ['Apache-2.0 AND GPL-3.0', false],
    ['GPL-3.0-only', false],
    ['AGPL-3.0', false],
    ['SEE LICENSE IN x', false],
    ['unknown', false],
  ])('%s: allowed %s', (licence, allowed) => {
    expect(isAllowed(licence)).toBe(allowed);
  });
});

test('nothing but these runs code while it is installed', () => {
  // protobufjs only warns of a version scheme; @swc/core falls back to WebAssembly where its binary is missing.
  const names = new Set(installed.filter((one) => one.runsInstallScript).map(({ name }) => name));
  expect([...names]).toEqual(['@swc/core', 'protobufjs']);
});

test('every action of CI is pinned to a commit, with its version beside it: else its owner may change what runs', () => {
  const used = [...read('.github/workflows/ci.yml').matchAll(/uses: (.+)$/gm)].map(([, action]) => action);
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('a package is found where Node.js would find it', () => {
  const made: Lock = {
    '': { dependencies: { a: '1', '@s/b': '1' }, peerDependencies: { p: '1' } },
    'node_modules/a': {
      license: 'MIT',
      dependencies: { c: '2' },
      peerDependencies: { o: '1' },
      peerDependenciesMeta: { o: { optional: true } },
    },
    'node_modules/a/node_modules/c': { license: 'ISC', dependencies: { d: '1' } },
    'node_modules/c': { license: 'GPL-3.0' },
    'node_modules/d': { license: '0BSD', optionalDependencies: { gone: '1' } },
    'node_modules/@s/b': { license: 'MIT', dependencies: { d: '1' } },
    'node_modules/o': { license: 'GPL-3.0' },
    'node_modules/p': { hasInstallScript: true },
  };
  expect(installedOf(made).map(({ at, licence }) => `${at} ${licence}`)).toEqual([
    'node_modules/@s/b MIT',
    'node_modules/a MIT',
    'node_modules/a/node_modules/c ISC',
    'node_modules/d 0BSD',
    'node_modules/p unknown',
  ]);
});

describe('npm pack', () => {
  let paths: string[];
  beforeAll(async () => {
    const pack = promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      maxBuffer: 16 * 1024 * 1024,
    });
    const [{ files }] = JSON.parse((await pack).stdout);
    paths = files.map(({ path }: { path: string }) => path);
  });

  test('holds what it should and nothing else', () => {
    const wanted = [
      /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
      /^dist\/[\w/-]+\.(?:js|d\.ts|js\.map|d\.ts\.map)$/,
      /^src\/[\w/-]+\.ts$/,
      /^src\/dev-server\/go\/(?:main\.go|go\.mod|go\.sum)$/,
      /^schemas\/\w+\.json$/,
    ];
    expect(paths.filter((path) => !wanted.some((one) => one.test(path)))).toEqual([]);
    for (const path of ['package.json', 'LICENSE', 'src/index.ts', 'src/workflow.ts', 'schemas/TryOnOutcome.json']) {
      expect(paths).toContain(path);
    }
  });

  test('holds no path of the machine that packed it, no key and no other registry', () => {
    const found = paths.flatMap((path) => {
      const text = read(path);
      const marks = [
        root.replace(/\/$/, ''),
        homedir().length > 5 ? `${homedir()}/` : undefined,
        'PRIVATE KEY-----',
        '_authToken',
      ];
      return marks.filter((mark) => mark !== undefined && text.includes(mark)).map((mark) => `${path}: ${mark}`);
    });
    expect(found).toEqual([]);
  });
});

describe('npm audit', () => {
  const report = (id: string): string =>
    JSON.stringify({
      auditReportVersion: 2,
      vulnerabilities: {
        a: { via: [{ url: `https://github.com/advisories/${id}`, title: 'x', severity: 'high', name: 'a' }] },
        b: { via: ['a'] },
      },
    });

  test('a finding is told once, and counts until docs/security.md answers it by its id', () => {
    const audit = readAudit(report('GHSA-aaaa-bbbb-cccc'));
    const findings = audit.kind === 'known' ? audit.findings : [];
    expect(findings).toEqual([{ id: 'GHSA-aaaa-bbbb-cccc', package: 'a', severity: 'high', title: 'x' }]);
    expect(unanswered(findings, 'nothing')).toHaveLength(1);
    expect(unanswered(findings, 'GHSA-aaaa-bbbb-cccc: not reached, since ...')).toEqual([]);
  });

  test.each([
    ['a registry without audits', JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405 })],
    ['no registry', ''],
    ['a page', '<html>'],
  ])('%s is no pass', (_what, output) => {
    expect(readAudit(output).kind).toBe('unknown');
  });

  test('a clean report is one', () => {
    expect(readAudit(JSON.stringify({ auditReportVersion: 2, vulnerabilities: {} }))).toEqual({
      kind: 'known',
      findings: [],
    });
  });
});
