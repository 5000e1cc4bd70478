import { expect, test } from 'vitest';
import { readWorkerSettings } from '../../src/worker/settings.js';

const env = { AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's' };
const accountsOf = (text?: string) => {
  const read = readWorkerSettings(text === undefined ? env : { ...env, TRYON_NEXUS_ACCOUNTS: text });
  return read.ok ? read.settings.nexusAccounts : read.problems;
};

test('Nexus callers may use the account default alone, unless the setting names others', () => {
  expect(accountsOf()).toEqual(['default']);
  expect(accountsOf('')).toEqual(['default']);
  expect(accountsOf('eu-shop')).toEqual(['eu-shop']);
  expect(accountsOf(' default , eu-shop')).toEqual(['default', 'eu-shop']);
});

test.each(['*', 'default,', 'EU', 'a b', `${'x'.repeat(41)}`])('TRYON_NEXUS_ACCOUNTS=%s is wrong', (text) => {
  expect(accountsOf(text)).toEqual([expect.stringMatching(/^TRYON_NEXUS_ACCOUNTS has ".*"; give names of accounts/)]);
});
