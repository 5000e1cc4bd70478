import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limitedApis, withLimits } from '../../../scripts/emulator-limits.js';
import { faceOf } from '../../../src/emulator/faces/faces.js';
import { featuresOf } from '../../../src/emulator/faces/features.js';
import { type BehaviourName, behaviours } from '../../../src/testing.js';
import { hmac } from '../signed-call.js';
import { vendors } from './calls.js';

const apis = limitedApis;
type Api = (typeof apis)[number];

const timestamp = String(vendors().startMs);
const system = { app_key: '512345', timestamp, sign_method: 'sha256', sign_ver: 'v2', partner_id: 'aidge' };
const sign = hmac('secret', `secret${timestamp}`);
const target = `/rest/ai/task/queryTaskResult?${new URLSearchParams({ ...system, sign, TaskId: 'task' })}`;
/** A poll of the task `task` by each API. */
const polls: Readonly<Record<Api, Parameters<ReturnType<typeof vendors>['call']>>> = {
  'aidge-2026': ['GET', target],
  dashscope: ['GET', '/api/v1/tasks/task', { authorization: 'Bearer sk-1' }],
  fashn: ['GET', '/v1/status/task', { authorization: 'Bearer fa-1' }],
  fal: ['GET', '/fal-ai/fashn/requests/task', { authorization: 'Key fal-1' }],
};

test('the docs have the table of what a face cannot show', () => {
  const text = readFileSync(new URL('../../../docs/emulator.md', import.meta.url), 'utf8');
  expect(text, 'run: npm run vendors').toBe(withLimits(text));
});

test.each(apis.flatMap((api) => Object.keys(behaviours).map((name) => [api, name as BehaviourName] as const)))(
  '%s answers %s, or refuses the script with a reason',
  (api, script) => {
    const { vendor, addTask, call } = vendors();
    const limits = faceOf(api).limits ?? {};
    const refused = behaviours[script].steps
      .flatMap(featuresOf)
      .find((feature) => 'refused' in (limits[feature] ?? {}));
    if (refused !== undefined) {
      expect(() => addTask({ api, script })).toThrow(`${api} cannot show "${refused}"`);
      return;
    }
    addTask({ taskId: 'task', api, script });
    const { status } = call(...polls[api]);
    expect(status).toBeGreaterThanOrEqual(200);
    expect(vendor.queries.entries).toMatchObject([{ api, taskId: 'task', authorised: true, script }]);
  },
);
