import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { vendorsPage } from '../../scripts/vendors.js';
import { allApis } from '../../src/providers/apis.js';
import { type PollExpected, type PollMeaning, taskId, urlOf, type Wire } from '../providers/conformance/cases.js';
import { acmeApi } from '../providers/conformance/example.js';
import { outcomeOf } from '../providers/conformance/outcome.js';

const page = readFileSync(new URL('../../docs/vendors.md', import.meta.url), 'utf8');

test('the tables of docs/vendors.md are current', () => {
  expect(page, 'run: npm run vendors').toBe(vendorsPage(page));
});

test('the tables name every API, and every skipped case has its reason', () => {
  for (const { name } of allApis) expect(page.split(`\`${name}\``).length).toBeGreaterThan(2);
  const notes = [...page.matchAll(/(?:–|✓(?: E)?) \((\d+)\)/g)].map(([, number]) => number);
  expect(notes.length).toBeGreaterThan(0);
  for (const note of notes) expect(page).toMatch(new RegExp(`^\\(${note}\\) .{10,}`, 'm'));
});

test('a page without a place for a table is refused', () => {
  expect(() => vendorsPage('# Vendors')).toThrow('docs/vendors.md has no place for facts');
});

describe('the example of a descriptor', () => {
  test('is the one that is tested here', () => {
    const source = readFileSync(new URL('../providers/conformance/example.ts', import.meta.url), 'utf8');
    const printed = source
      .replaceAll("'../../../src/providers/", "'../")
      .replaceAll("'../../../src/", "'../../")
      .replaceAll(' as never', '');
    // Shorter imports fit into fewer lines.
    const flat = (text: string): string => text.replace(/\s+/g, ' ').replace(/, }/g, ' }');
    expect(flat(/^```typescript\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '')).toBe(flat(printed));
  });

  const job = (fields: object): Wire => ({ json: { job_id: taskId, ...fields } });
  const poll = (meaning: PollMeaning, wait: PollExpected['wait'], images = 0): PollExpected => ({
    call: 'poll',
    meaning,
    wait,
    images,
  });
  test.each<[string, Wire, PollExpected]>([
    ['queued', job({ state: 'queued' }), poll('submitted', 'goes on')],
    ['finished', job({ state: 'DONE', images: [urlOf('a'), urlOf('b'), 7] }), poll('finished', 'finished', 2)],
    ['failed', job({ state: 'failed', failure: 'BadImage' }), poll('task failed', 'failed')],
    ['a wrong key', { status: 401, json: { error: 'BadKey' } }, poll('auth', 'blocked')],
    ['a code of a family', { status: 400, json: { error: 'Invalid.Size' } }, poll('refused', 'failed')],
    ['an unknown task', { status: 404, json: { error: 'Odd' } }, poll('notFound', 'notFound')],
    ['an unknown code', { status: 500, json: { error: 'Odd' } }, poll('transient', 'goes on')],
  ])('reads %s', (_name, wire, expected) => {
    expect(outcomeOf(wire, acmeApi, expected)).toEqual(expected);
  });
});
