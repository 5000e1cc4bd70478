import { expect, test } from 'vitest';
import { deploymentCheck } from '../../src/cli/deployment-check.js';

const deploymentName = 'tryon';
const version = (buildId: string, openWaits: number, isServed: boolean) => ({ buildId, openWaits, isServed });

test('doctor shows the open waits of each version', () => {
  const versions = [version('b2', 40, true), version('b1', 12, true), version('b0', 0, false)];
  expect(deploymentCheck({ deploymentName, currentBuildId: 'b2', versions })).toEqual({
    name: 'versions',
    result: 'ok',
    detail: 'open waits by version of tryon: b2 (current): 40; b1: 12',
  });
});

test('doctor warns of open waits whose version has no worker any more, and says how to move them', () => {
  const versions = [version('b2', 0, true), version('b1', 12, false)];
  const check = deploymentCheck({ deploymentName, currentBuildId: 'b2', versions });
  expect(check).toMatchObject({ result: 'warn', detail: expect.stringContaining('b1 (no worker): 12') });
  expect(check.remedy).toContain("TemporalWorkerDeploymentVersion = 'tryon:b1'");
});

test('doctor warns of versioned workers that get nothing, since no version is current', () => {
  const check = deploymentCheck({ deploymentName, versions: [version('b1', 0, true)] });
  expect(check).toMatchObject({ result: 'warn', remedy: expect.stringContaining('set-current-version') });
});
