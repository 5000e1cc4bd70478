/**
 * `npm audit` of what runs in production, against what `docs/security.md` answers. Exit code 0: clean, or each finding is answered there
 * by its id; 1: some are not; 2: the registry gave no audit, so nothing is known.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readAudit, unanswered } from './supply-chain.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = await new Promise<string>((resolve) => {
  // npm ends with 1 where it finds something: what it says counts.
  execFile(
    'npm',
    ['audit', '--omit=dev', '--include=peer', '--json'],
    { cwd: root, maxBuffer: 64 * 1024 * 1024 },
    (_error, stdout) => resolve(stdout),
  );
});
const audit = readAudit(output);
if (audit.kind === 'unknown') {
  process.stderr.write(`no audit: ${audit.why}; run it where the registry answers\n`);
  process.exitCode = 2;
} else {
  const open = unanswered(audit.findings, await readFile(`${root}/docs/security.md`, 'utf8'));
  for (const { id, package: name, severity, title } of open)
    process.stderr.write(`${id} ${severity} ${name}: ${title}\n`);
  process.stdout.write(`${audit.findings.length} findings, ${open.length} of them not answered in docs/security.md\n`);
  if (open.length > 0) process.exitCode = 1;
}
