import { describe, expect, test } from 'vitest';
import { allApis, apiOf } from '../../src/providers/apis.js';
import { casesOf } from './conformance/cases.js';
import { outcomeOf, replyOf } from './conformance/outcome.js';
import { spellings } from './conformance/spellings.js';

test('every descriptor has its spelling of the cases', () => {
  expect(spellings.map(({ api }) => api)).toEqual(allApis.map(({ name }) => name));
});

describe.each(spellings)('$api', (spelling) => {
  const api = apiOf(spelling.api);
  const cases = casesOf(spelling);
  const spoken = cases.flatMap(({ answer, ...one }) => ('skip' in answer ? [] : [{ ...one, answer }]));

  test.each(spoken)('$group: $title', ({ answer, expected }) => {
    const wanted = { ...expected, ...answer.differs?.expected };
    expect(outcomeOf(answer, api, expected)).toEqual(wanted);
  });

  test('a hostile reply of 4 MiB costs bounded time', () => {
    const { answer } = cases.find(({ name }) => name === 'hugeReply') ?? {};
    if (answer === undefined || 'skip' in answer) throw new Error('there is no such case');
    const text = answer.text ?? JSON.stringify(answer.json);
    expect(text.length).toBeGreaterThan(2.5 * 1024 * 1024);
    expect(text.length).toBeLessThan(4 * 1024 * 1024);
    const start = process.cpuUsage();
    replyOf({ text }, api);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1e6).toBeLessThan(5);
  });

  test('a skipped case says why', () => {
    const reasons = cases.flatMap(({ answer }) => ('skip' in answer ? [answer.skip] : []));
    expect(reasons.filter((reason) => reason.trim().length < 10)).toEqual([]);
  });
});
