import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type CommandRecord, commands } from '../../src/cli/options.js';
import { limits } from '../../src/contract.js';
import { pollRules } from '../../src/poll/rules.js';
import { vendorLimits } from '../../src/providers/client.js';
import { defaultPolicy, scheduleCost } from '../../src/schedule/schedule.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const under = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .map((path) => `${folder}/${path}`);

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...under('docs'), ...under('examples')].sort();
const scripts: Readonly<Record<string, string>> = JSON.parse(read('package.json')).scripts;
const records: Readonly<Record<string, CommandRecord>> = commands;

/** Text without fenced code. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

/** As GitHub makes a heading's anchor. */
const anchors = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );

test.each(pages)('every link of %s leads somewhere', (page) => {
  const text = read(page);
  const targets = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
  const broken = targets
    .filter((target) => !/^(https?|mailto):/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(root, join(root, dirname(page), decodeURIComponent(path)));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchors(read(file)).includes(anchor);
    });
  expect(broken).toEqual([]);
});

test('README leads to every page', () => {
  const readme = read('README.md');
  const byFolder = ['reliability', 'performance', 'security', 'licences'].map((name) => `docs/${name}.md`);
  expect(readme).toContain('](docs)');
  expect(under('docs').filter((page) => !byFolder.includes(page) && !readme.includes(`](${page})`))).toEqual([]);
});

/** Command lines of a page: in shell blocks and between backticks. */
function commandLines(page: string): string[] {
  const text = read(page);
  const blocks = [...text.matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').split('\n'),
  );
  const inline = [...prose(text).matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
  return [...blocks, ...inline]
    .flatMap((line) => line.split(/&&|\||;/))
    .map((line) => line.trim().replace(/^(?:[A-Z_]+=\S* )+/, ''));
}

const program =
  /^(?:npx )?temporal-tryon |^node --import tsx src\/cli\/main\.ts |^npm run (?:demo|emulator|worker) -- /;

/** What is wrong with a call of the program. */
function mistakes(line: string): string[] {
  const words = line.split(/\s+/);
  const script = /^npm run (\w+) -- /.exec(line)?.[1];
  const at = words.findIndex((word) => word === 'temporal-tryon' || word.endsWith('main.ts') || word === '--');
  const name = script ?? words[at + 1] ?? '';
  if (/^<.*>$/.test(name)) return [];
  if (!Object.hasOwn(records, name)) return [`${line}: no command ${name}`];
  const known = ['help', ...(records[name]?.options ?? []).map((option) => option.name)];
  return words
    .slice(at + 1)
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2))
    .filter((option) => !known.includes(option))
    .map((option) => `${line}: no option --${option}`);
}

test.each(pages)('every command line of %s exists', (page) => {
  const lines = commandLines(page);
  const missing = lines.flatMap((line) => {
    const [, script] = /^npm run ([\w:-]+)/.exec(line) ?? [];
    if (script !== undefined && !Object.hasOwn(scripts, script)) {
      // An example has a manifest of its own.
      return page.startsWith('examples/') ? [] : [`${line}: no script ${script}`];
    }
    return program.test(line) ? mistakes(line) : [];
  });
  const unknownPaths = lines
    .flatMap((line) => /^npx vitest run (\S+)/.exec(line)?.[1] ?? [])
    .filter((path) => !existsSync(join(root, path)));
  expect([...missing, ...unknownPaths]).toEqual([]);
});

test('mistakes in command lines are seen', () => {
  const wrong = ['temporal-tryon wiat 1', 'npx temporal-tryon list --stat blocked', 'npm run demo -- --kept'];
  for (const line of wrong) expect(program.test(line) ? mistakes(line) : [], line).toHaveLength(1);
  expect(mistakes('temporal-tryon wait <taskId> --expected-images 4')).toEqual([]);
});

test.each(pages)('%s names no place on a disk and no file that is not there', (page) => {
  const text = read(page);
  expect(text.match(/(?:^|[\s`(])\/(?:home|root|work|tmp|Users)\/\S*/gm) ?? []).toEqual([]);
  const named = [...prose(text).matchAll(/`((?:src|test|scripts|bench|docker|schemas|examples)\/[\w./-]+)`/g)];
  expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

describe('limits and budget', () => {
  const page = read('docs/limits-and-budget.md');
  const said: [string, string, RegExp][] = [
    ['the reply', `${limits.replyBytes / 2 ** 20} MiB`, /a vendor's reply \| (\d+ MiB)/],
    ['an event', `${limits.eventBytes / 2 ** 10} KiB`, /an `images` event \| (\d+ KiB)/],
    ['a result', `${limits.resultBytes / 2 ** 20} MiB`, /listing result \| ([\d.]+ MiB)/],
    ['tasks of a listing', String(limits.listingTasks), /tasks of a listing \| (\d+)/],
    ['time-outs', limits.timeoutSecondsMax.toLocaleString('en'), /`timeoutSeconds` \| 1 to ([\d,]+)/],
    ['images of a task', pollRules.images.toLocaleString('en'), /images of one task \| ([\d,]+)/],
    ['connect', `${vendorLimits.connectMs / 1000} s`, /connect (\d+ s)/],
    ['headers', `${vendorLimits.headersMs / 1000} s`, /headers (\d+ s)/],
    ['an exchange', `${vendorLimits.totalMs / 1000} s`, /whole (\d+ s)/],
    ['the grace', `${pollRules.notFoundGraceMs / 1000} s`, /`notFound` after (\d+ s)/],
    ['polls on average', String(Math.round(scheduleCost(defaultPolicy).polls)), /a wait takes (\d+) polls/],
    ['mean delay', `${scheduleCost(defaultPolicy).delaySeconds.toFixed(1)} s`, /the end ([\d.]+ s) late/],
  ];
  test.each(said)('tells %s as it is: %s', (_what, value, pattern) => {
    expect(pattern.exec(page.replace(/\s+/g, ' '))?.[1]).toBe(value);
  });
});

test('every variable of docker-compose.yml is told', () => {
  const compose = read('docker-compose.yml');
  const variables = new Set([...compose.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string));
  const told = `${read('README.md')}${read('docs/first-run.md')}`;
  expect(variables.size).toBeGreaterThan(5);
  expect([...variables].filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
});
