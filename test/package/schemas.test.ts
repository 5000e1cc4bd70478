import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { schemaFiles } from '../../scripts/contract-schemas.js';

const dir = fileURLToPath(new URL('../../schemas', import.meta.url));
const files = Object.entries(schemaFiles()).map(([name, text]) => ({ name, text }));

const compile = (name: string) => {
  const ajv = new Ajv2020({ strict: true, strictTypes: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(`${dir}/${name}.json`, 'utf8')));
};

test('schemas/ holds the schemas of the contract and nothing else', () => {
  expect(readdirSync(dir).sort()).toEqual(files.map(({ name }) => name).sort());
});

test.each(files)('$name is what the contract gives: else npm run schemas', ({ name, text }) => {
  expect(readFileSync(`${dir}/${name}`, 'utf8')).toBe(text);
});

test.each(files)('$name is a valid schema of draft 2020-12 with an id and a title of its own', ({ name, text }) => {
  const title = name.replace('.json', '');
  expect(JSON.parse(text)).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:temporal-tryon:contract:1:${title}`,
    title,
  });
  expect(compile(title)).toBeTypeOf('function');
});

describe('inputs are closed', () => {
  const rows: { schema: string; input: object }[] = [
    { schema: 'TryOnResultsInput', input: { taskId: 't-1', notify: [{ workflowId: 'w' }] } },
    { schema: 'TryOnListingInput', input: { listingId: 'l', tasks: [{ taskId: 't-1' }] } },
    { schema: 'ListingTask', input: { taskId: 't-1', submittedAt: '2026-01-31T12:00:00+08:00' } },
    { schema: 'Subscriber', input: { workflowId: 'w' } },
    { schema: 'Subscriber', input: { webhook: 'shop' } },
    { schema: 'Unsubscribe', input: { workflowId: 'w' } },
    { schema: 'SetTimeout', input: { timeoutSeconds: 1 } },
    { schema: 'TryOnJobInput', input: { requestId: 'r-1', request: { clothesList: [] } } },
    { schema: 'ResolveSubmission', input: { taskId: 't-1' } },
  ];
  test.each(rows)('$schema takes its fields and refuses one that it does not know', ({ schema, input }) => {
    const validate = compile(schema);
    expect(validate(input), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...input, timeoutSecond: 5 })).toBe(false);
  });

  test('a subscriber is either a workflow or a webhook', () => {
    expect(compile('Subscriber')({})).toBe(false);
    expect(compile('Subscriber')({ workflowId: 'w', webhook: 'shop' })).toBe(false);
  });

  test.each(files.filter(({ text }) => JSON.parse(text).additionalProperties === false))(
    '$name is among the inputs above',
    ({ name }) => {
      expect(rows.map(({ schema }) => `${schema}.json`)).toContain(name);
    },
  );
});

test('outputs are open to new fields, at every depth', () => {
  const validate = compile('TryOnStatus');
  const status = {
    taskId: 't-1',
    state: 'waiting',
    images: [],
    subTasks: [],
    polls: 0,
    submittedAt: '2026-01-31T12:00:00Z',
    deadline: '2026-01-31T13:00:00Z',
    subscribers: [{ workflowId: 'w', since: 'new field' }],
    waitId: 'run',
    sequence: 0,
    another: 'new field',
  };
  expect(validate(status), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...status, polls: 'none' })).toBe(false);
});
