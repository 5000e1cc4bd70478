import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { numbersOf, reliabilityPage, resultsOf, type TestReport } from '../../scripts/reliability.js';
import { faultGroups, faultRows } from '../support/fault-rows.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => (existsSync(`${root}${file}`) ? readFileSync(`${root}${file}`, 'utf8') : '');
const later = [71];

/** Rows that a file of tests names: by `faultName(20` or `fault(20`, in a title of its own, or as the number of a table's row. */
function namedIn(file: string): Set<number> {
  const source = read(file);
  const calls = [...source.matchAll(/\bfault(?:Name)?\(\s*(\d+)/g)].map((match) => Number(match[1]));
  const titles = [...source.matchAll(/\btest(?:\.each)?\(\s*['"`]([^'"`]+)/g)].flatMap((match) =>
    numbersOf(match[1] ?? ''),
  );
  const rows = /\bfault(?:Name)?\(\s*number\b/.test(source)
    ? [...source.matchAll(/^\s*\[(\d+), '/gm)].map((match) => Number(match[1]))
    : [];
  return new Set([...calls, ...titles, ...rows]);
}

describe('the fault table', () => {
  test('has every number from 1 to 94 once, in order, and a group for each part', () => {
    expect(faultRows.map(({ number }) => number)).toEqual(Array.from({ length: 94 }, (_, index) => index + 1));
    expect(new Set(faultRows.map(({ title }) => title)).size).toBe(94);
    const numbers = Object.keys(faultGroups).map(Number);
    expect(numbers.every((number) => faultRows.some((row) => row.number === number))).toBe(true);
  });

  test('names what is not covered yet, and nothing else', () => {
    const open = faultRows.filter(({ files }) => files.length === 0);
    expect(open.map(({ number }) => number)).toEqual(later);
    for (const { happens } of open) expect(happens).toMatch(/^not covered yet: /);
  });

  test.each(faultRows.filter(({ files }) => files.length > 0))(
    '$number: $title, has its tests',
    ({ number, files }) => {
      for (const file of files) {
        expect(read(file), `${file} is missing`).not.toBe('');
        // Recorded histories are one row as a whole.
        if (file !== 'test/replay/replay.test.ts') expect([...namedIn(file)], file).toContain(number);
      }
    },
  );

  test('lists every file that has a test of a row', () => {
    const files = [...new Set(faultRows.flatMap((row) => row.files))];
    for (const file of files) {
      for (const number of namedIn(file)) {
        expect(faultRows.find((row) => row.number === number)?.files, `${number} in ${file}`).toContain(file);
      }
    }
  });
});

describe('the page', () => {
  const report: TestReport = {
    testResults: [
      {
        name: '/x/test/a.test.ts',
        assertionResults: [
          { title: '1: one, this', fullName: '1: one, this', status: 'passed' },
          { title: '1 and 2: both', fullName: '1 and 2: both', status: 'failed' },
        ],
      },
      { name: '/x/test/b.test.ts', assertionResults: [{ title: 'all', fullName: 'all', status: 'passed' }] },
    ],
  };
  const row = (number: number, ...files: string[]) => ({ number, title: `t${number}`, happens: 'a | b', files });

  test('counts tests by number, or all of a file without numbers', () => {
    const rows = [row(1, 'test/a.test.ts'), row(3, 'test/a.test.ts'), row(4, 'test/b.test.ts'), row(5)];
    const results = resultsOf(rows, report);
    expect(results.map(({ result }) => result)).toEqual(['failed', 'missing', 'passed', 'not covered']);
    expect(results[0]?.files).toEqual([{ file: 'test/a.test.ts', passed: 1, failed: 1 }]);
    const page = reliabilityPage(results);
    expect(page).toContain('Of 4 faults 1 passed, 1 failed, 1 missing; 1 are not covered yet (5).');
    expect(page).toContain('| 4 | t4 | a \\| b | [b.test.ts](../test/b.test.ts) 1 | passed |');
  });

  test.each([
    ['20: away', [20]],
    ['60 and 62: killed', [60, 62]],
    ['1, 2 and 3: all', [1, 2, 3]],
    ['20 away', []],
    ['at 20: away', []],
  ])('"%s" is of %j', (title, numbers) => {
    expect(numbersOf(title)).toEqual(numbers);
  });

  test('as written has the rows of today, all of them passed', () => {
    const lines = read('docs/reliability.md').split('\n');
    for (const { number, title, happens, files } of faultRows) {
      const line = lines.find((one) => one.startsWith(`| ${number} | `));
      const result = files.length === 0 ? 'not covered' : 'passed';
      expect(line, 'run: npm run reliability').toContain(`| ${title} | ${happens.replaceAll('|', '\\|')} |`);
      expect(line).toMatch(new RegExp(`\\| ${result} \\|$`));
    }
  });
});
