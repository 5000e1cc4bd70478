import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { textLine } from '../../src/telemetry/text-log.js';

const entry = { level: 'WARN', message: 'polled', timestampNanos: 1_700_000_000_123_456_789n };
const hostile = '\u001b]0;owned\u0007\u202eevil\u009b2J\n2023-11-14T22:13:20.123Z [INFO] all is well';

test('an entry has time, level, message and fields', () => {
  expect(textLine(entry)).toBe('2023-11-14T22:13:20.123Z [WARN] polled');
  expect(textLine({ ...entry, meta: { taskId: '42' } })).toBe(
    "2023-11-14T22:13:20.123Z [WARN] polled { taskId: '42' }",
  );
});

test.each([
  ['the message', { message: hostile }],
  ['a field', { meta: { text: hostile } }],
  ['the name of a field', { meta: { [hostile]: 1 } }],
  ['an error', { meta: { error: ApplicationFailure.nonRetryable(hostile, hostile) } }],
  ['the cause of an error', { meta: { error: new Error('outer', { cause: new Error(hostile) }) } }],
])('text from outside in %s brings nothing to a terminal and begins no line', (_what, part) => {
  const [first = '', ...more] = textLine({ ...entry, ...part }).split('\n');
  expect(first).toMatch(/^2023-11-14T22:13:20.123Z \[WARN\] /);
  for (const line of more) expect(line).toMatch(/^ {4}/);
  for (const line of [first, ...more]) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect([first, ...more].join('\n')).toContain('evil');
});

test('fields that cannot be shown are left out', () => {
  const broken = {
    get message(): string {
      throw new Error('no');
    },
  };
  const meta = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no keys');
      },
    },
  );
  expect(() => textLine({ ...entry, meta: { broken } })).not.toThrow();
  expect(() => textLine({ ...entry, meta })).not.toThrow();
});
