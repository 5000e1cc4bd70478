/**
 * Writes `docs/reliability.md`. `npm run reliability`: runs the tests of the fault table first. With a file, as in
 * `npx tsx scripts/generate-reliability.ts report.json`, takes the report of a run with `--reporter=json --outputFile=report.json`.
 * Ends with 1 where a row failed or has no test.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultRows } from '../test/support/fault-rows.js';
import { keptRuns } from './long-run.js';
import { reliabilityPage, resultsOf, type TestReport } from './reliability.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function ranReport(): TestReport {
  const folder = mkdtempSync(join(tmpdir(), 'tryon-reliability-'));
  try {
    const outputFile = join(folder, 'report.json');
    const files = [...new Set(faultRows.flatMap(({ files }) => files))];
    const program = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const options = ['--reporter=default', '--reporter=json', `--outputFile.json=${outputFile}`];
    const run = spawnSync(process.execPath, [program, 'run', ...files, ...options], { cwd: root, stdio: 'inherit' });
    if (!existsSync(outputFile)) throw new Error(`the tests ended without a report, by ${run.signal ?? run.status}`);
    return JSON.parse(readFileSync(outputFile, 'utf8')) as TestReport;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [given] = process.argv.slice(2);
const report = given === undefined ? ranReport() : (JSON.parse(readFileSync(given, 'utf8')) as TestReport);
const results = resultsOf(faultRows, report);
mkdirSync(join(root, 'docs'), { recursive: true });
writeFileSync(join(root, 'docs', 'reliability.md'), reliabilityPage(results, keptRuns()));
const bad = results.filter(({ result }) => result === 'failed' || result === 'missing');
for (const { row, result } of bad) process.stderr.write(`fault ${row.number}, ${row.title}: ${result}\n`);
process.exitCode = bad.length > 0 ? 1 : 0;
