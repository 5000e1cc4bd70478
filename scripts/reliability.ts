/** The fault table as a page: what happens here, by which test that is shown, and how the test ended. Pure. */
import { type FaultRow, faultGroups } from '../test/support/fault-rows.js';
import type { KeptRun } from './long-run.js';

/** The part of a report of vitest's JSON reporter that is read. */
export interface TestReport {
  readonly testResults: readonly {
    /** Absolute path of the file. */
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly fullName: string;
      readonly status: string;
    }[];
  }[];
}

/** How the tests of a row ended. `missing`: the report has none of them. */
export interface RowResult {
  readonly row: FaultRow;
  readonly result: 'passed' | 'failed' | 'missing' | 'not covered';
  readonly files: readonly { readonly file: string; readonly passed: number; readonly failed: number }[];
}

/** Numbers that a test's title begins with: `20: ...`, `60 and 62: ...`. */
export const numbersOf = (title: string): number[] => {
  const match = /^((?:\d+(?:, | and ))*\d+): /.exec(title);
  return match?.[1] === undefined ? [] : match[1].split(/, | and /).map(Number);
};

/** Finds the tests of each row by number; in a file of a row that numbers none of its tests, all tests count. */
export function resultsOf(rows: readonly FaultRow[], report: TestReport): RowResult[] {
  return rows.map((row) => {
    if (row.files.length === 0) return { row, result: 'not covered', files: [] };
    const files = row.files.map((file) => {
      const tests = report.testResults
        .filter(({ name }) => name.endsWith(`/${file}`))
        .flatMap(({ assertionResults }) => assertionResults);
      const isNumbered = tests.some(({ title }) => numbersOf(title).length > 0);
      const own = isNumbered ? tests.filter(({ title }) => numbersOf(title).includes(row.number)) : tests;
      const passed = own.filter(({ status }) => status === 'passed').length;
      return { file, passed, failed: own.length - passed };
    });
    const isMissing = files.some(({ passed, failed }) => passed + failed === 0);
    const isFailed = files.some(({ failed }) => failed > 0);
    return { row, files, result: isFailed ? 'failed' : isMissing ? 'missing' : 'passed' };
  });
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

const testsOf = ({ files }: RowResult): string =>
  files.map(({ file, passed, failed }) => `[${file.replace(/^test\//, '')}](../${file}) ${passed + failed}`).join(', ');

/** The page in Markdown. */
export function reliabilityPage(results: readonly RowResult[], runs: readonly KeptRun[] = []): string {
  const count = (wanted: RowResult['result']) => results.filter(({ result }) => result === wanted).length;
  const open = results.filter(({ result }) => result === 'not covered').map(({ row }) => row.number);
  const others = (['failed', 'missing'] as const)
    .filter((wanted) => count(wanted) > 0)
    .map((wanted) => `${count(wanted)} ${wanted}`);
  const lines = [
    '# Reliability',
    '',
    'What a wait does when something goes wrong, and the tests that prove it. `npm run reliability` generates this page from',
    '`test/support/fault-rows.ts` and a run of these tests; do not edit. The number after a file says how many of its tests belong to the',
    'row. Their names begin with the number of the row.',
    '',
    `Of ${results.length} faults ${[`${count('passed')} passed`, ...others].join(', ')}; ${open.length} are not covered yet (${open.join(', ')}).`,
  ];
  for (const result of results) {
    const { row } = result;
    const group = faultGroups[row.number];
    if (group !== undefined) {
      lines.push('', `## ${group}`, '', '| # | fault | what happens here | tests | result |', '|---|---|---|---|---|');
    }
    lines.push(`| ${row.number} | ${cell(row.title)} | ${cell(row.happens)} | ${testsOf(result)} | ${result.result} |`);
  }
  if (runs.length > 0) {
    lines.push('', '## Long runs', '', '| command | seed | found | time |', '|---|---|---|---|');
    for (const { command, seed, found, seconds, at, machine } of runs) {
      const where = `${seconds} s on ${at}, ${machine.cores} cores (${machine.cpu})`;
      lines.push(`| \`${command}\` | ${seed} | ${cell(found.join('; '))} | ${where} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
