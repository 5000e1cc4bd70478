import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const typedoc = fileURLToPath(new URL('../../node_modules/typedoc/bin/typedoc', import.meta.url));

test('every export is documented, and refers to nothing that a reader cannot look up', {
  timeout: 120_000,
}, async () => {
  const { stdout, stderr } = await run(process.execPath, [typedoc, '--emit', 'none'], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
  });
  expect(`${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.includes('[info]'))).toEqual([]);
});
