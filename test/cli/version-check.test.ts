import { expect, test } from 'vitest';
import { versionCheck } from '../../src/cli/checks.js';

test.each([
  ['1.30.1', 'ok'],
  ['1.28.1', 'fail'],
  ['', 'warn'],
])('doctor says of server version "%s": %s', (version, result) => {
  const check = versionCheck(version);
  expect(check).toMatchObject({ name: 'server version', result });
  expect(check.remedy === undefined).toBe(result === 'ok');
});
