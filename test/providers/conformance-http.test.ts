/** The conformance cases over HTTP: a loopback server gives each case's answer to the vendor client. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { unnamedAccounts } from '../../src/contract.js';
import type { Account } from '../../src/providers/accounts.js';
import { apiOf } from '../../src/providers/apis.js';
import type { Credentials } from '../../src/providers/auth.js';
import type { VendorClient } from '../../src/providers/client.js';
import type { ApiDescriptor } from '../../src/providers/descriptor.js';
import { type Case, casesOf, type ExpectedRequest, type Spelling, taskId, type Wire } from './conformance/cases.js';
import { cancelOutcome, pollOutcome, submitOutcome } from './conformance/outcome.js';
import { spellings } from './conformance/spellings.js';
import { aClient, appKeyPair, type ReceivedRequest, serve, testKey } from './server.js';

const credentialsOf = (api: ApiDescriptor): Credentials =>
  api.vendor === 'aidge' ? appKeyPair(testKey) : { kind: 'apiKey', apiKey: 'test-api-key' };

const accountOf = (api: ApiDescriptor): Partial<Account> => ({
  name: unnamedAccounts[api.vendor],
  vendor: api.vendor,
  credentials: async () => credentialsOf(api),
});

const answer = (response: ServerResponse, { status = 200, headers = {}, json, text, broken }: Wire): void => {
  const body = text ?? (json === undefined ? '' : JSON.stringify(json));
  const how = broken?.how;
  switch (how) {
    case undefined:
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
      break;
    case 'closed':
      response.destroy();
      break;
    case 'closed in the body':
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":', () => response.destroy());
      break;
    case 'silent':
      break;
    case 'body above 4 MiB':
      response.writeHead(200).end(`"${'x'.repeat(4 * 1024 * 1024)}"`);
      break;
    case 'redirect':
      response.writeHead(302, { location: '/elsewhere' }).end();
      break;
    default:
      throw new Error(how satisfies never);
  }
};

const callOf = async (
  client: VendorClient,
  { api: name, request }: Spelling,
  expected: Case['expected'],
): Promise<Case['expected']> => {
  const api = apiOf(name);
  if (expected.call === 'submit') return submitOutcome(await client.submit({ api: name, requestJson: request }));
  if (expected.call === 'poll') return pollOutcome((await client.results({ api: name, taskId })).reply, api, expected);
  const reply = await client.cancel({ api: name, taskId });
  if (reply === undefined) throw new Error('the API has no call to cancel');
  return cancelOutcome(reply, api);
};

describe.each(spellings)('$api', (spelling) => {
  const api = apiOf(spelling.api);
  const cases = casesOf(spelling).flatMap(({ answer: wire, ...one }) => ('skip' in wire ? [] : [{ ...one, wire }]));

  test.each(cases)('$group: $title', async ({ wire, expected }) => {
    const { endpoint } = await serve((response) => answer(response, wire));
    const limits = wire.broken?.how === 'silent' ? { headersMs: 100 } : {};
    const client = aClient(endpoint, { limits }, accountOf(api));
    expect(await callOf(client, spelling, expected)).toEqual({ ...expected, ...wire.differs?.expected });
  });

  const requests = Object.entries(spelling.requests) as [Case['expected']['call'], ExpectedRequest][];
  test.each(requests)('a %s is requested as the vendor documents it', async (call, expected) => {
    const { endpoint, requests: received } = await serve((response) => answer(response, {}));
    const client = aClient(endpoint, {}, accountOf(api));
    if (call === 'poll') await client.results({ api: api.name, taskId });
    if (call === 'submit') await client.submit({ api: api.name, requestJson: spelling.request });
    if (call === 'cancel') await client.cancel({ api: api.name, taskId });
    const [{ method, path, headers, body }] = received as [ReceivedRequest];
    expect({ method, path }).toEqual({ method: expected.method, path: expected.path });
    expect(headers).toMatchObject(expected.headers ?? {});
    expect(body).toContain(expected.body ?? '');
  });

  test('no reply shows a key', async () => {
    const secrets = Object.values(credentialsOf(api)).filter((value) => value.length > 6);
    const text = JSON.stringify({ code: secrets[0], Code: secrets[0], error: secrets[0], message: secrets.join(' ') });
    const { endpoint } = await serve((response) => answer(response, { status: 401, text }));
    const { reply } = await aClient(endpoint, {}, accountOf(api)).results({ api: api.name, taskId });
    expect(JSON.stringify(reply)).toContain('[redacted]');
    for (const secret of secrets) expect(JSON.stringify(reply)).not.toContain(secret);
  });
});
