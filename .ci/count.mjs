// Prints vitest's JSON report: the tests that passed only when tried again, then one line of counts. A file that could not be run counts
// as one failure.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const text = readFileSync(process.argv[2], 'utf8');
if (text === '') {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const report = JSON.parse(text);
const broken = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
// A test that passed has messages of failures only from tries before.
const retried = report.testResults.flatMap((file) =>
  file.assertionResults
    .filter((test) => test.status === 'passed' && test.failureMessages.length > 0)
    .map(({ fullName, failureMessages: [first] }) => ({ file: relative('', file.name), fullName, first })),
);
if (retried.length > 0) {
  console.log(`${retried.length} passed only when tried again; find out why:`);
  for (const { file, fullName, first } of retried)
    console.log(`  ${file}: ${fullName}\n    ${first.split('\n', 1)[0]}`);
}
console.log(`${report.numPassedTests} passed, ${report.numFailedTests + broken.length} failed`);
