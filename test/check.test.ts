import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check, submittedAtProblem, wellFormed } from '../src/check.js';
import {
  contractSchemas,
  ListingTaskSchema,
  SetTimeoutSchema,
  SubscriberSchema,
  TryOnJobInputSchema,
  TryOnListingInputSchema,
  TryOnResultsInputSchema,
  UnsubscribeSchema,
} from '../src/contract.js';

const problemsOf = (schema: Parameters<typeof check>[0], input: unknown): readonly string[] => {
  const checked = check(schema, input);
  return checked.ok ? [] : checked.problems;
};
const wait = (more: object): readonly string[] => problemsOf(TryOnResultsInputSchema, { taskId: 't-1', ...more });
const listing = (more: object): readonly string[] =>
  problemsOf(TryOnListingInputSchema, { listingId: 'l', tasks: [], ...more });
const taskIdRemedy = 'give 1 to 200 visible ASCII characters';
const timeRemedy = 'give an RFC 3339 time such as 2026-01-31T12:00:00Z';
const secondsRemedy = 'give 1 to 2592000';

describe('good input is accepted as it is', () => {
  test.each<[Parameters<typeof check>[0], unknown]>([
    [TryOnResultsInputSchema, { taskId: 't-1' }],
    [
      TryOnResultsInputSchema,
      {
        taskId: '~'.repeat(200),
        submittedAt: '2026-01-31t12:00:00.123456+05:30',
        timeoutSeconds: 0.5 + 0.5,
        expectedImages: 1,
        account: 'eu-1',
        notify: [{ workflowId: 'größe', runId: 'r', signal: '_mine', timeoutSeconds: 2_592_000 }],
        notifyParent: false,
      },
    ],
    [TryOnListingInputSchema, { listingId: 'Sommer 2026', tasks: [], minimumImages: 3 }],
    [ListingTaskSchema, { taskId: '__proto__', garmentId: 'Kleid' }],
    [SubscriberSchema, { workflowId: 'w' }],
    [UnsubscribeSchema, { workflowId: 'w', signal: 'mine' }],
    [SetTimeoutSchema, { timeoutSeconds: 1.5 }],
  ])('%#', (schema, input) => {
    expect(check(schema, input)).toEqual({ ok: true, value: input });
  });
});

describe('a wrong field is named with its value and the remedy', () => {
  test.each<[unknown, string]>([
    [{ taskId: '' }, `taskId is ""; ${taskIdRemedy}`],
    [{ taskId: 'a b' }, `taskId is "a b"; ${taskIdRemedy}`],
    [{ taskId: 'a\u0000' }, `taskId is "a\\u0000"; ${taskIdRemedy}`],
    [{ taskId: 'ä' }, `taskId is "ä"; ${taskIdRemedy}`],
    [{ taskId: 7 }, `taskId is 7; ${taskIdRemedy}`],
    [{ taskId: null }, `taskId is null; ${taskIdRemedy}`],
    [{ taskId: ['t'] }, `taskId is ["t"]; ${taskIdRemedy}`],
    [{ taskId: undefined }, `taskId is undefined; ${taskIdRemedy}`],
    [{ submittedAt: 'yesterday' }, `submittedAt is "yesterday"; ${timeRemedy}`],
    [{ submittedAt: '2026-01-31 12:00:00Z' }, `submittedAt is "2026-01-31 12:00:00Z"; ${timeRemedy}`],
    [{ submittedAt: '2026-01-31T12:00:00' }, `submittedAt is "2026-01-31T12:00:00"; ${timeRemedy}`],
    [{ submittedAt: '2026-13-31T12:00:00Z' }, `submittedAt is "2026-13-31T12:00:00Z"; ${timeRemedy}`],
    [{ submittedAt: 1769860800 }, `submittedAt is 1769860800; ${timeRemedy}`],
    [{ timeoutSeconds: -5 }, `timeoutSeconds is -5; ${secondsRemedy}`],
    [{ timeoutSeconds: 0 }, `timeoutSeconds is 0; ${secondsRemedy}`],
    [{ timeoutSeconds: 2_592_001 }, `timeoutSeconds is 2592001; ${secondsRemedy}`],
    [{ timeoutSeconds: '60' }, `timeoutSeconds is "60"; ${secondsRemedy}`],
    [{ timeoutSeconds: Number.NaN }, `timeoutSeconds is NaN; ${secondsRemedy}`],
    [{ timeoutSeconds: 60n }, `timeoutSeconds is 60; ${secondsRemedy}`],
    [{ expectedImages: 0 }, 'expectedImages is 0; give a whole number from 1'],
    [{ expectedImages: 1.5 }, 'expectedImages is 1.5; give a whole number from 1'],
    [{ account: 'EU' }, 'account is "EU"; give 1 to 40 of a-z, 0-9 and -'],
    [{ account: 'x'.repeat(41) }, `account is "${'x'.repeat(41)}"; give 1 to 40 of a-z, 0-9 and -`],
    [{ notifyParent: 'yes' }, 'notifyParent is "yes"; give true or false'],
    [{ notify: {} }, 'notify is {}; give a list of subscribers'],
    [
      { notify: Array.from({ length: 1_001 }, (_, index) => ({ workflowId: `w-${index}` })) },
      expect.stringMatching(/^notify is .*; give at most 1000 subscribers$/),
    ],
    [{ notify: [5] }, 'notify.0 is 5; give one object'],
    [{ notify: [[['w']]] }, 'notify.0 is [["w"]]; give one object'],
    [{ notify: [null] }, 'notify.0 is null; give one object'],
    [{ notify: [{}] }, 'notify.0 is {}; give a workflowId, or the name of a webhook'],
    [
      { notify: [{ webhook: 'Shop' }] },
      'notify.0.webhook is "Shop"; give the name of a webhook, 1 to 40 of a-z, 0-9 and -',
    ],
    [
      { notify: [{ webhook: 'shop', workflowId: 'w' }] },
      'notify.0 is {"workflowId":"w","webhook":"shop"}; give a workflowId or a webhook, and runId and signal of a workflow alone',
    ],
    [
      { notify: [{ webhook: 'shop', signal: 's' }] },
      'notify.0 is {"signal":"s","webhook":"shop"}; give a workflowId or a webhook, and runId and signal of a workflow alone',
    ],
    [
      { notify: [{ workflowId: 'w' }, { workflowId: '' }] },
      'notify.1.workflowId is ""; give a workflow id of 1 to 1000 characters, none of them a control character',
    ],
    [
      { notify: [{ workflowId: 'w', signal: '__temporal' }] },
      'notify.0.signal is "__temporal"; give a signal name of 1 to 200 characters that does not begin with __',
    ],
    [{ notify: [{ workflowId: 'w', runId: '' }] }, 'notify.0.runId is ""; give a run id'],
  ])('%o', (more, problem) => {
    expect(wait(more as object)).toEqual([problem]);
  });

  test.each<[object, string]>([
    [{ listingId: '' }, 'listingId is ""; give 1 to 200 characters, none of them a control character'],
    [{ tasks: null }, 'tasks is null; give a list of tasks'],
    [{ tasks: [{ taskId: '' }] }, `tasks.0.taskId is ""; ${taskIdRemedy}`],
    [
      { tasks: [{ taskId: 't', garmentId: 'a\nb' }] },
      'tasks.0.garmentId is "a\\nb"; give 1 to 200 characters, none of them a control character',
    ],
    [{ tasks: [{ taskId: 't' }, { taskId: 't' }] }, 'tasks is [{"taskId":"t"},{"taskId":"t"}]; give each taskId once'],
    [{ minimumImages: -1 }, 'minimumImages is -1; give a whole number from 1'],
  ])('of a listing: %o', (more, problem) => {
    expect(listing(more)).toEqual([problem]);
  });
  test('of a listing: more than 500 tasks', () => {
    const tasks = Array.from({ length: 501 }, (_none, index) => ({ taskId: `t-${index}` }));
    expect(listing({ tasks })).toEqual([expect.stringMatching(/^tasks is \[.*\.\.\.; give at most 500 tasks$/)]);
  });

  test.each([
    [undefined, 'the input is undefined; give one object'],
    [null, 'the input is null; give one object'],
    ['t-1', 'the input is "t-1"; give one object'],
    [5, 'the input is 5; give one object'],
    [true, 'the input is true; give one object'],
    [[], 'the input is []; give one object'],
    [['t-1'], 'the input is ["t-1"]; give one object'],
  ])('that is no object: %j', (input, problem) => {
    expect(problemsOf(TryOnResultsInputSchema, input)).toEqual([problem]);
  });
  test('that is missing', () => {
    expect(problemsOf(TryOnResultsInputSchema, {})).toEqual([`taskId is missing; ${taskIdRemedy}`]);
    expect(problemsOf(SetTimeoutSchema, {})).toEqual([`timeoutSeconds is missing; ${secondsRemedy}`]);
    expect(problemsOf(TryOnListingInputSchema, { listingId: 'l' })).toEqual(['tasks is missing; give a list of tasks']);
  });
  test('with all others that are wrong', () => {
    expect(wait({ timeoutSeconds: -5, account: 'EU', timeout: 5 })).toEqual([
      `timeoutSeconds is -5; ${secondsRemedy}`,
      'account is "EU"; give 1 to 40 of a-z, 0-9 and -',
      'timeout is not a known field; remove it or correct its spelling',
    ]);
  });
});

describe('unknown fields are named, all of them', () => {
  const unknown = (name: string) => `${name} is not a known field; remove it or correct its spelling`;

  test.each<[object, string[]]>([
    [{ timeoutSecond: 5 }, ['timeoutSecond']],
    [{ a: 1, b: null, c: undefined }, ['a', 'b', 'c']],
    [{ notify: [{ workflowId: 'w' }, { workflowId: 'w', sginal: 'x', y: 1 }] }, ['notify.1.sginal', 'notify.1.y']],
    [{ constructor: 1, toString: 2 }, ['constructor', 'toString']],
    [JSON.parse('{"__proto__": {"account": "eu"}}'), ['__proto__']],
    [{ 'a\u0007\n': 1, '': 2 }, ['a\\u0007\\n', '""']],
  ])('%o', (more, names) => {
    expect(
      problemsOf(TryOnResultsInputSchema, Object.assign(JSON.parse('{"taskId":"t-1"}'), more)).length,
    ).toBeLessThanOrEqual(names.length);
    const input = Object.fromEntries([['taskId', 't-1'], ...Object.entries(more)]);
    expect(problemsOf(TryOnResultsInputSchema, input)).toEqual(names.map(unknown));
  });
  test('in each input of the contract', () => {
    for (const [name, schema] of Object.entries(contractSchemas)) {
      if ((schema as { type: string }).type !== 'strict_object') continue;
      expect(problemsOf(schema, { misspelt: 1 }), name).toContain(unknown('misspelt'));
    }
  });
});

test('the message stays small, however much is wrong', () => {
  const problems = wait({ notify: Array.from({ length: 20_000 }, () => 0) });
  expect(problems).toHaveLength(21);
  expect(problems.at(-1)).toBe('over 500 more problems; fix these first');
  expect(wait({ ['x'.repeat(1_000_000)]: 1 }).join('').length).toBeLessThan(200);
  expect(wait({ account: 'x'.repeat(1_000_000) }).join('').length).toBeLessThan(200);
});

test('a problem is valid Unicode and one line, whatever the input was', () => {
  const keys = fc.oneof(
    fc.constantFrom('taskId', 'account', 'notify', 'timeoutSeconds', '__proto__'),
    fc.string({ unit: 'binary' }),
  );
  const values = fc.oneof(
    fc.jsonValue(),
    fc.array(fc.constantFrom('\ud83d', '\ude00', '\ud83d\ude00'), { maxLength: 70 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, values), { maxLength: 6 }), (entries) => {
      for (const schema of [TryOnResultsInputSchema, TryOnListingInputSchema, SubscriberSchema]) {
        const checked = check(schema, Object.fromEntries(entries));
        if (checked.ok) continue;
        expect(checked.problems.length).toBeGreaterThan(0);
        for (const problem of checked.problems) {
          expect(encodeURIComponent(problem)).toBeTypeOf('string');
          expect(problem).toMatch(/^[^\n\r]+; [^\n\r]+$/);
        }
      }
    }),
    { numRuns: 1_000, seed: 21 },
  );
});

test.each([
  ['\ud83dx', '\ufffdx'],
  ['x\ude00', 'x\ufffd'],
  ['\ud83d\ude00', '\ud83d\ude00'],
  ['\ud83d\ud83d\ude00\ude00', '\ufffd\ud83d\ude00\ufffd'],
])('lone surrogates of %j are replaced', (text, expected) => {
  expect(wellFormed(text)).toBe(expected);
});

describe('the time of the submit', () => {
  const nowMs = Date.parse('2026-01-31T12:00:00Z');

  test.each([
    [undefined, 0],
    ['2026-01-31T12:05:00Z', 0],
    ['2026-01-31T13:05:00+01:00', 0],
    ['1999-01-31T12:00:00Z', 0],
    ['2026-01-31T12:05:00.001Z', 1],
    ['2026-01-31T12:05:00-00:01', 1],
  ])('%s: %d problems', (submittedAt, count) => {
    expect(submittedAtProblem(submittedAt, nowMs)).toHaveLength(count);
  });
  test('is reported with the field, its value and the remedy', () => {
    expect(submittedAtProblem('2027-01-01T00:00:00Z', nowMs, 'tasks.3.submittedAt')).toEqual([
      'tasks.3.submittedAt is "2027-01-01T00:00:00Z"; give a time at most 5 minutes ahead of 2026-01-31T12:00:00.000Z',
    ]);
  });
});

test('an optional field that is null counts as absent, at every depth; a required one does not', () => {
  const given = { taskId: 't', account: null, notify: [{ workflowId: 'w', runId: null }, { workflowId: 'x' }] };
  expect(check(TryOnResultsInputSchema, given)).toStrictEqual({
    ok: true,
    value: { taskId: 't', notify: [{ workflowId: 'w' }, { workflowId: 'x' }] },
  });
  expect(given.notify[0]).toHaveProperty('runId', null);
  const wrong = check(TryOnResultsInputSchema, { taskId: null, account: null, other: null });
  expect(wrong).toMatchObject({
    ok: false,
    problems: [/taskId is null/, /other is not a known field/].map((one) => expect.stringMatching(one)),
  });
});

describe('numbers of a request', () => {
  const job = (text: string) =>
    problemsOf(TryOnJobInputSchema, { requestId: 'r', request: { list: [{ id: JSON.parse(text) }] } });

  test.each(['9007199254740993', '1900000000000000001', '-9007199254740992', '1e30'])(
    'an integer whose digits were lost is refused: %s',
    (text) => {
      expect(job(text)).toEqual([
        expect.stringMatching(/^request is .*; give integers beyond 2\^53 as text; their last digits are lost$/),
      ]);
    },
  );

  test.each(['9007199254740991', '-1', '0.1', '1.5e-7', '"1900000000000000001"', 'null', 'true'])(
    'all others are accepted: %s',
    (text) => {
      expect(job(text)).toEqual([]);
    },
  );

  test('a deeply nested request is refused or accepted, and never throws', () => {
    const deep = JSON.parse(`${'['.repeat(2_000)}9007199254740993${']'.repeat(2_000)}`);
    expect(problemsOf(TryOnJobInputSchema, { requestId: 'r', request: deep })).toHaveLength(1);
  });
});
