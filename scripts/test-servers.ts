/** `npm run test:servers`: the tests on a real server and the budget benchmark, on each server version that we build, the oldest too. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { serverVersions } from '../src/dev-server/find-cli.js';

const wanted = process.argv.slice(2).filter((argument) => argument !== '--');
if (wanted.some((version) => !serverVersions.some((known) => known === version))) {
  process.stderr.write(`npm run test:servers -- [${serverVersions.join('] [')}]; without a version: all\n`);
  process.exit(2);
}
const failed: string[] = [];
// The newest last: its result of the benchmark is the one that is kept.
for (const version of wanted.length === 0 ? [...serverVersions].reverse() : wanted) {
  for (const args of [
    ['npx', 'vitest', 'run', '--project', 'server'],
    ['npm', 'run', 'bench', '--', 'budget'],
  ]) {
    const [program = '', ...rest] = args;
    process.stderr.write(`\n== server ${version}: ${args.join(' ')}\n`);
    const child = spawn(program, rest, { env: { ...process.env, TRYON_DEV_SERVER: version }, stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    if (code !== 0) failed.push(`server ${version}: ${args.join(' ')}`);
  }
}
for (const one of failed) process.stderr.write(`failed: ${one}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
