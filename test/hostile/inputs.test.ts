import { describe, expect, test } from 'vitest';
import { check } from '../../src/check.js';
import { listingStart, waitStart } from '../../src/client/start.js';
import { contractSchemas, TryOnListingInputSchema, TryOnResultsInputSchema } from '../../src/contract.js';
import { mulberry32 } from '../../src/emulator/random.js';
import { nastyValue } from './mutate.js';

const wrongTypes: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n ** 20n,
  '',
  'text',
  [],
  [[]],
  {},
  new Date(0),
  Symbol.iterator,
  () => 1,
  Object.create(null),
  JSON.parse('{"__proto__":{"taskId":"x"}}'),
];

describe.each(Object.entries(contractSchemas))('%s', (name, schema) => {
  test('every wrong type is refused with a text, nothing is thrown', () => {
    const accepted = wrongTypes.filter((value) => check(schema, value).ok);
    expect(accepted, name).toEqual([]);
    for (const value of wrongTypes) {
      const checked = check(schema, value);
      const problems = checked.ok ? [] : checked.problems;
      expect(problems.length).toBeGreaterThan(0);
      for (const problem of problems) expect(problem).toMatch(/^.{3,300}$/u);
    }
  });
});

test.each(['taskId', 'submittedAt', 'timeoutSeconds', 'expectedImages', 'account', 'notify', 'notifyParent'])(
  '%s of each wrong type is refused, and the text names it',
  (field) => {
    for (const value of wrongTypes) {
      // Null counts as absent in an optional field.
      if (
        value === undefined ||
        (value === null && field !== 'taskId') ||
        (field === 'notify' && Array.isArray(value) && value.length === 0)
      )
        continue;
      if (value === true && field === 'notifyParent') continue;
      if ((value === 'text' || value === '') && field === 'account' && value === 'text') continue;
      if (value === 'text' && field === 'taskId') continue;
      const checked = check(TryOnResultsInputSchema, { taskId: 't', [field]: value });
      expect(checked.ok ? [] : checked.problems.join(), `${field}, ${typeof value}`).toContain(field);
    }
  },
);

describe('ids', () => {
  const taskIds: [what: string, taskId: string][] = [
    ['a NUL', 'a\u0000b'],
    ['a line end', 'a\nb'],
    ['a space', 'a b'],
    ['an escape sequence', '\u001b[31m'],
    ['a direction override', 'a\u202eb'],
    ['a character beyond ASCII', 'ä'],
    ['half a character', '\ud800'],
    ['201 characters', 'x'.repeat(201)],
    ['a megabyte', 'x'.repeat(1024 * 1024)],
  ];
  test.each(taskIds)('a taskId with %s is refused with a short text', (_what, taskId) => {
    const checked = check(TryOnResultsInputSchema, { taskId });
    const problems = checked.ok ? '' : checked.problems.join();
    expect(problems).toMatch(/^taskId is ".*; give 1 to 200 visible ASCII characters$/);
    expect(problems.length).toBeLessThan(200);
    expect(problems).not.toMatch(/[\p{Cc}\ud800-\udfff]/u);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '../../etc', '%00', '<b>', '*', "';--"])(
    'a taskId %s is an id like any other',
    (taskId) => {
      expect(check(TryOnResultsInputSchema, { taskId })).toEqual({ ok: true, value: { taskId } });
      const { workflowId, staticSummary = '' } = waitStart({ taskId }, { taskQueue: 'q', registered: [] });
      expect(workflowId).toBe(`tryon-results-${taskId}`);
      expect(staticSummary).not.toMatch(/[<>]/);
    },
  );

  test.each(['a\u0000b', 'a\nb', '\u007f', '', 'x'.repeat(201)])('a listingId %j is refused', (listingId) => {
    expect(check(TryOnListingInputSchema, { listingId, tasks: [] }).ok).toBe(false);
  });

  test("summary and details of the longest ids stay within the server's limits", () => {
    const place = { taskQueue: 'q', registered: [] };
    for (const character of ['@', '*', '字', '😀']) {
      const listing = { listingId: character.repeat(200 / character.length), tasks: [] };
      expect(check(TryOnListingInputSchema, listing).ok).toBe(true);
      const { staticSummary = '', staticDetails = '' } = listingStart(listing, place);
      expect(Buffer.byteLength(staticSummary), character).toBeLessThanOrEqual(200);
      expect(Buffer.byteLength(staticDetails)).toBeLessThanOrEqual(20_000);
    }
  });
});

test('names of the prototype are unknown fields and pollute nothing', () => {
  const input = JSON.parse('{"taskId":"t","__proto__":{"timeoutSeconds":5},"constructor":{"prototype":{"x":1}}}');
  const checked = check(TryOnResultsInputSchema, input);
  expect(checked.ok ? [] : checked.problems).toEqual(
    expect.arrayContaining([expect.stringContaining('__proto__'), expect.stringContaining('constructor')]),
  );
  expect('x' in {}).toBe(false);
});

test('deep and wide inputs are refused at once', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`);
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index]));
  const many = { taskId: 't', notify: Array.from({ length: 20_000 }, () => ({ workflowId: '' })) };
  for (const value of [{ taskId: 't', ...deep }, { taskId: 't', ...wide }, many]) {
    const checked = check(TryOnResultsInputSchema, value);
    const problems = checked.ok ? [] : checked.problems;
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(21);
  }
});

test('values of every kind in every place are refused with a text or accepted unchanged', () => {
  for (let seed = 0; seed < 3_000; seed += 1) {
    const random = mulberry32(seed);
    const value = { taskId: nastyValue(random), notify: [nastyValue(random), { workflowId: nastyValue(random) }] };
    const checked = check(TryOnResultsInputSchema, value);
    if (checked.ok)
      expect(checked.value).toEqual(JSON.parse(JSON.stringify(value), (_key, inner) => inner ?? undefined));
    else expect(checked.problems.join().length).toBeLessThan(8_000);
  }
});
