import { expect, test } from 'vitest';
import { serverVersionProblem } from '../../src/temporal/server-version.js';

test.each(['1.28.3', 'v1.20.0', '0.30.1', '1.28.0-rc.2'])('%s is too old', (version) => {
  expect(serverVersionProblem(version)).toBe(
    `the Temporal server has version ${version}; upgrade it to 1.29.0 or later`,
  );
});

test.each(['1.29.0', '1.29.0-rc.1', 'v1.30.2', '2.0.0'])('%s is new enough', (version) => {
  expect(serverVersionProblem(version)).toBeUndefined();
});

test.each(['', undefined, null, 'cloud', '1.25.0-119.2', '1.28'])(
  '%j is no released version, and passes',
  (version) => {
    expect(serverVersionProblem(version)).toBeUndefined();
  },
);
