import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unpolled } from '../../src/poll/poll-state.js';
import { describeListing, describeWait, escapeMarkdown, summaryOf } from '../../src/wait/describe.js';
import { beginListing, listingSummary } from '../../src/wait/listing.js';
import { applyReport, beginWait, endWait } from '../../src/wait/wait.js';
import type { WaitState } from '../../src/wait/wait-state.js';
import { anImage } from '../support/replies.js';
import { startMs } from '../support/simulate.js';

describe('vendor text in Markdown', () => {
  test.each([
    ['<img src=x onerror=alert(1)>', '&#60;img src=x onerror=alert\\(1\\)&#62;'],
    ['[click](javascript:alert)', '\\[click\\]\\(javascript\\:alert\\)'],
    ['a | b\n# c', 'a \\| b \\# c'],
    ['`code` *bold* _it_', '\\`code\\` \\*bold\\* \\_it\\_'],
    ['a\u202eb\u2028c\u0000d', 'a b c d'],
    ['&lt;', '&#38;lt;'],
    ['a@b.c $1 $2', 'a&#8288;&#64;b\\.c &#36;1 &#36;2'],
    ['失败', '失败'],
  ])('%j', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });
  test('is cut to 200 characters', () => {
    expect(escapeMarkdown('x'.repeat(500))).toBe(`${'x'.repeat(197)}\\.\\.\\.`);
  });
  test('is valid Unicode and one line without bare markup, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(300), (text, at) => {
        const shown = escapeMarkdown(`${text.slice(0, at)}\ud83d${text.slice(at)}\ude00`);
        expect(encodeURIComponent(shown)).toBeTypeOf('string');
        expect(shown).not.toMatch(/[\n\r<>]/);
        expect(shown.replace(/\\.|&#\d+;/g, '')).not.toMatch(/[`*_[\]()|#&@$]/);
      }),
      { numRuns: 1_000, seed: 12 },
    );
  });
});

const wait = beginWait({ taskId: 't_1', expectedImages: 4 }, { waitId: 'run', nowMs: startMs });
const reported = (state: object, from: WaitState = wait) =>
  applyReport(from, { state: { ...unpolled, ...state }, atMs: startMs, images: [anImage('a')] }).wait;

describe('current details of a wait', () => {
  test('tell its state at a glance', () => {
    const text = describeWait(reported({ polls: 3, status: 'running', vendorStatus: '<b>RUNNING' }));
    expect(text).toContain('### Virtual try-on: waiting');
    expect(text).toContain('| task | t\\_1 |');
    expect(text).toContain('| vendor status | &#60;b&#62;RUNNING |');
    expect(text).toContain('| images | 1 of 4 |');
    expect(text).toContain('| polls up to the last report | 3 |');
    expect(text).toContain('| subscribers | none |');
    expect(text).toContain('| sub\\-tasks finished | not known yet |');
  });
  test('tell errors and a contradiction', () => {
    const blocked = { layer: 'gateway', code: 'Invalid|Key', message: '**no**' } as const;
    const text = describeWait(reported({ blocked, conflict: 'running after finished' }));
    expect(text).toContain('### Virtual try-on: blocked');
    expect(text).toContain('| error | gateway Invalid\\|Key: \\*\\*no\\*\\* |');
    expect(text).toContain('| the vendor contradicts itself | running after finished |');
  });
  test('tell the end', () => {
    expect(describeWait(endWait(wait, { status: 'notFound', atMs: startMs }).wait)).toContain(
      'Virtual try-on: notFound',
    );
  });
  test('name 20 subscribers and count the rest', () => {
    const notify = Array.from({ length: 5_000 }, (_none, index) => ({ workflowId: `w${index}` }));
    const text = describeWait(beginWait({ taskId: 't', notify }, { waitId: 'run', nowMs: startMs }));
    expect(text).toContain('w19 and 4980 more');
    expect(text.length).toBeLessThan(2_000);
  });
});

test('current details of a listing name 20 tasks and count the rest', () => {
  const tasks = Array.from({ length: 25 }, (_none, index) => ({ taskId: `t${index}`, garmentId: `g|${index}` }));
  const text = describeListing(listingSummary(beginListing({ listingId: 'l<1>', tasks }, startMs), false));
  expect(text).toContain('### Listing l&#60;1&#62;: waiting');
  expect(text).toContain('| tasks ended | 0 of 25 |');
  expect(text).toContain('| g\\|19 | waiting, 0 images |');
  expect(text).not.toContain('g\\|20');
  expect(text).toContain('| more tasks | 5 |');
});

test('a summary fits its limit', () => {
  expect(summaryOf('x'.repeat(200))).toHaveLength(200);
  expect(summaryOf('<b>x</b>')).not.toContain('<b>');
});
