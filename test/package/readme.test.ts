import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/options.js';
import { vendors } from '../../src/providers/vendors.js';
import { deploymentVariables } from '../../src/worker/deployment.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { parsed, sourceFiles } from '../support/imports.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const readme = read('README.md');
const manifest = JSON.parse(read('package.json'));

/** The part under a heading, to the next one of the same depth. */
function section(heading: string): string {
  const [, after] = readme.split(`\n## ${heading}\n`);
  if (after === undefined) throw new Error(`README.md has no section "${heading}"`);
  return after.split('\n## ')[0] as string;
}

/** The cells of every row of every table in a text, without headings. */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => /^\| *`/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1));
const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);

const settingRows = rows(section('Settings'));
const told = (pattern: RegExp): string[] =>
  settingRows.flatMap(([names = '']) => codeIn(names)).filter((name) => pattern.test(name));

/** Variables that the settings' reader asks for, whatever they are called in the code. */
function askedBySettings(): string[] {
  const asked = new Set<string>();
  const record = (values: Record<string, string>) =>
    new Proxy(values, {
      get(target, name) {
        if (typeof name === 'string') asked.add(name);
        return target[name as string];
      },
    });
  readWorkerSettings(record({}));
  readWorkerSettings(record({ AIDGE_APP_KEY: 'key', AIDGE_APP_SECRET: 'secret' }));
  // Each vendor's last way to sign: Aidge's first is above.
  const last = Object.values(vendors).map(({ prefix, credentials }) => `${prefix}${credentials.at(-1)?.variables[0]}`);
  readWorkerSettings(record(Object.fromEntries(last.map((name) => [name, 'key']))));
  return [...asked];
}

/** Variables that the sources name as `env.NAME`. */
function namedInSources(): string[] {
  const named = new Set<string>();
  for (const file of sourceFiles) {
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node) && /^[A-Z][A-Z0-9_]+$/.test(node.name.text)) {
        if (/\benv\)?$/.test(node.expression.getText())) named.add(node.name.text);
      }
      ts.forEachChild(node, visit);
    };
    ts.forEachChild(parsed(file), visit);
  }
  return [...named];
}

describe('the commands to begin with', () => {
  test('are printed as they are meant to be typed', () => {
    expect(readme).toContain('\n```sh\nnpm ci && npm run demo\nnpm test\n```\n');
  });
  test('exist', () => {
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
  });
});

describe('the table of settings', () => {
  /** Told in the text beside the table, or the machine's own. */
  const elsewhere = ['TERM', 'CI', 'XDG_CACHE_HOME', 'PATH', 'NODE_OPTIONS'];

  test('has each variable that the code reads, and no other', () => {
    // HTTPS_PROXY and its like have a second name in lower case.
    const asked = [...askedBySettings(), ...namedInSources()].filter((name) => name === name.toUpperCase());
    const ours = [...new Set(asked)].filter((name) => !elsewhere.includes(name) && !name.startsWith('TEMPORAL_'));
    expect(ours.length).toBeGreaterThan(15);
    expect(told(/^(?!TEMPORAL_)/).sort()).toEqual(ours.sort());
    for (const name of elsewhere.slice(0, 3)) expect(section('Settings')).toContain(`\`${name}\``);
  });

  test("has Temporal's variables by the names that Temporal's library reads, and those of its Worker Controller", () => {
    const folder = 'node_modules/@temporalio/envconfig/lib';
    const all = readdirSync(`${root}${folder}`)
      .filter((file) => file.endsWith('.js'))
      .map((file) => read(`${folder}/${file}`))
      .join('\n');
    const controllers = Object.values(deploymentVariables);
    const names = told(/^TEMPORAL_/);
    expect(names).toEqual(expect.arrayContaining(controllers));
    expect(names.length).toBeGreaterThan(5);
    const others = names.filter((name) => !(controllers as string[]).includes(name));
    expect(others.filter((name) => !new RegExp(`\\b${name}\\b`).test(all))).toEqual([]);
  });

  test('tells the defaults that hold', () => {
    const keys = { AIDGE_APP_KEY: 'key', AIDGE_APP_SECRET: 'secret' };
    const asTold: Record<string, string> = { ...keys };
    for (const [name = '', value = ''] of settingRows) {
      const [variable, ...more] = codeIn(name);
      const [text, ...others] = codeIn(value);
      const isPlain = more.length === 0 && others.length === 0 && value === `\`${text}\``;
      if (isPlain && /^(AIDGE|DASHSCOPE|FASHN|TRYON)_/.test(variable ?? ''))
        asTold[variable as string] = text as string;
    }
    expect(Object.keys(asTold).length).toBeGreaterThan(10);
    const plain = readWorkerSettings(keys);
    expect(plain.ok).toBe(true);
    // Set or not, the prior is the same; one that is set counts for every API.
    const expected = JSON.stringify(plain).replace('"isPriorSet":false', '"isPriorSet":true');
    expect(JSON.stringify(readWorkerSettings(asTold))).toBe(expected);
  });
});

test('the table of commands has each command of the program, and no other', () => {
  const named = rows(section('From the command line')).map(([cell = '']) => codeIn(cell)[0]?.split(' ').slice(0, 2));
  expect(named.map((words) => words?.[0])).toEqual(named.map(() => 'temporal-tryon'));
  expect(named.map((words) => words?.[1]).sort()).toEqual(Object.keys(commands).sort());
});

test("the table of import paths has each of the package's, and no other", () => {
  const paths = rows(section('Import paths')).map(([cell = '']) => codeIn(cell)[0]);
  const exported = Object.keys(manifest.exports).filter((path) => path !== './package.json');
  expect(paths.sort()).toEqual(exported.map((path) => path.replace(/^\./, manifest.name)).sort());
});

test('what is installed beside the package are its peers', () => {
  const [install = ''] = /npm install \.\/[^`]*/.exec(section('From your own worker')) ?? [];
  const { peerDependencies, peerDependenciesMeta, name, version } = manifest;
  expect(install).toContain(`./${name}-${version}.tgz`);
  const needed = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
  const named = install.match(/@temporalio\/\w+/g) ?? [];
  expect(named.sort()).toEqual([...needed, '@temporalio/worker'].sort());
});

test('versions are those of the manifest', () => {
  const support = section('Stability');
  expect(support).toContain(`\`${manifest.peerDependencies['@temporalio/workflow']}\``);
  expect(support).toContain(`| ${manifest.devDependencies['@temporalio/workflow']} |`);
  expect(`>=${/Node\.js \| ([\d.]+) or later/.exec(support)?.[1]}`).toBe(manifest.engines.node);
  expect(read('docker-compose.yml')).toContain(`temporalio/server:${/pins ([\d.]+\d)/.exec(support)?.[1]}`);
});

test('a history has as many events as it says, with few polls or many', () => {
  const [, events] = /(\d+)\s+events\s+for\s+a\s+plain\s+wait/.exec(readme) ?? [];
  for (const name of ['plain', 'many-polls']) {
    expect(JSON.parse(read(`test/histories/${name}.json`)).events, name).toHaveLength(Number(events));
  }
});

test('every file that the package promises is there', () => {
  const missing = (manifest.files as string[]).filter(
    (path) => !/^(!|dist$)/.test(path) && !existsSync(`${root}${path}`),
  );
  expect(missing).toEqual([]);
});
