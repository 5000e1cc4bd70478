/** The conformance cases that have a script, against the emulator: its faces spell them from the vendors' pages, not from our descriptors. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unnamedAccounts } from '../../src/contract.js';
import type { Account } from '../../src/providers/accounts.js';
import { apiOf } from '../../src/providers/apis.js';
import type { Credentials } from '../../src/providers/auth.js';
import type { VendorClient } from '../../src/providers/client.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { type Case, casesOf } from './conformance/cases.js';
import { emulatedDiffers, limitOf } from './conformance/emulated.js';
import { cancelOutcome, pollOutcome, submitOutcome } from './conformance/outcome.js';
import { spellings } from './conformance/spellings.js';
import { aClient } from './server.js';

/** No task has it. */
const unknownId = 'f00dfeed-1111-4222-8333-444455556666';
/** What is compared: how many images a task has is the emulator's matter. */
const compared = (outcome: Case['expected']): object => {
  if (outcome.call !== 'poll') return outcome;
  const { images, ...others } = outcome;
  return images === undefined ? others : { ...others, hasImages: images > 0 };
};

describe.each(spellings)('$api', ({ api: name, request, cases }) => {
  const api = apiOf(name);
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startEmulator({ distribution: { fixedSeconds: 3_600 } });
  });
  afterAll(() => emulator.close());

  const clientOf = (one: Case): VendorClient => {
    const own = emulator.accounts.find((account) => account.name === unnamedAccounts[api.vendor]);
    const { appKey = '', appSecret = '', apiKey = '' } = own ?? {};
    const credentials: Credentials =
      api.vendor === 'aidge' ? { kind: 'app', scheme: 'v2', appKey, appSecret } : { kind: 'apiKey', apiKey };
    const account: Partial<Account> = { name: unnamedAccounts[api.vendor], vendor: api.vendor };
    const limits = one.script?.wire === 'hang' ? { headersMs: 300 } : {};
    return aClient(emulator.url, { limits }, { ...account, credentials: async () => credentials });
  };

  const outcomeOf = async (caseName: string, one: Case): Promise<Case['expected']> => {
    const client = clientOf(one);
    const { expected, script = {} } = one;
    if (expected.call === 'submit') {
      emulator.scriptSubmits(script);
      return submitOutcome(await client.submit({ api: name, requestJson: request }));
    }
    const isUnknown = caseName === 'unknownTask' || caseName === 'cancelUnknown';
    const taskId = isUnknown
      ? unknownId
      : emulator.addTask({ api: api.name, script, ...(script.task?.state === 'partial' ? { subTasks: 2 } : {}) });
    if (expected.call === 'poll') {
      const { reply } = await client.results({ api: name, taskId });
      return pollOutcome(reply, api, expected, taskId);
    }
    const reply = await client.cancel({ api: name, taskId });
    if (reply === undefined) throw new Error('the API has no call to cancel');
    return cancelOutcome(reply, api);
  };

  const scripted = casesOf({ cases }).flatMap(({ answer, script, ...one }) =>
    'skip' in answer || script === undefined ? [] : [{ ...one, script, limit: limitOf(api.name, script) }],
  );

  test.each(scripted.filter(({ limit }) => limit === undefined))(
    '$group: $title',
    async ({ name: caseName, ...one }) => {
      const outcome = compared(await outcomeOf(caseName, one));
      expect(outcome).toEqual({ ...compared(one.expected), ...emulatedDiffers[name]?.[caseName]?.expected });
    },
  );

  test('what the face cannot show has a reason', () => {
    for (const { limit } of scripted) if (limit !== undefined) expect(limit.length).toBeGreaterThan(10);
  });
});
