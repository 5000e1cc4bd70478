import { describe, expect, test } from 'vitest';
import { countKnown, knownImages, packKnown } from '../../src/poll/poll-state.js';
import { anImage } from '../support/replies.js';

describe('the ids of known images', () => {
  const images = ['a', 'b', 'c'].map((name) => anImage(name));
  const ids = images.map(({ id }) => id);

  test('are packed into 12 characters each', () => {
    expect(packKnown(ids)).toHaveLength(36);
    expect(countKnown(packKnown(ids))).toBe(3);
    expect(packKnown([])).toBe('');
  });
  test('tell known from new', () => {
    const isKnown = knownImages({ known: packKnown(ids) });
    expect(images.map(isKnown)).toEqual([true, true, true]);
    expect(isKnown(anImage('d'))).toBe(false);
  });
  test('hold for an address that was signed anew, and for another sub-task', () => {
    expect(knownImages({ known: packKnown(ids) })(anImage('b', 7, 'Expires=9'))).toBe(true);
  });
  test('of nothing know nothing', () => {
    expect(knownImages({ known: '' })(anImage('a'))).toBe(false);
  });
});
