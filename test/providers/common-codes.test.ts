import { describe, expect, test } from 'vitest';
import { classify } from '../../src/poll/classify.js';
import type { Answer } from '../../src/poll/reply.js';
import { dashScopeApi } from '../../src/providers/dashscope/dashscope.js';
import { fashnApi } from '../../src/providers/fashn/fashn.js';
import { submitResult } from '../../src/providers/submit-result.js';

describe.each([dashScopeApi, fashnApi])('a code never seen of $name', (api) => {
  const reply = (httpStatus: number): Answer => ({ kind: 'answer', gatewayCode: 'Odd', httpStatus });
  const classOf = (httpStatus: number) => {
    const classification = classify(reply(httpStatus), api, { taskId: 't-1' });
    if (classification.kind !== 'error') throw new Error('an error is expected');
    return `${classification.class}, ${classification.retries} more`;
  };

  test.each([
    [400, 'refused, 20 more'],
    [401, 'auth, 0 more'],
    [402, 'quota, 0 more'],
    [403, 'auth, 0 more'],
    [404, 'notFound, 0 more'],
    [422, 'refused, 20 more'],
    [429, 'throttled, 0 more'],
    [500, 'transient, 0 more'],
  ])('is what HTTP %i says', (httpStatus, expected) => {
    expect(classOf(httpStatus)).toBe(expected);
  });

  test('with HTTP 400 rejects a submit at once', () => {
    const result = submitResult(reply(400), api, { neverSent: false, isClockLearned: false });
    expect(result).toMatchObject({ kind: 'rejected', retrySafe: false });
  });
});
