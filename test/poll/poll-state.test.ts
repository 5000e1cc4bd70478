import { describe, expect, test } from 'vitest';
import { countKnown, knownImages, packKnown } from '../../src/poll/poll-state.js';
import { anImage } from '../support/replies.js';

describe('the ids of known images', () => {
  const images = ['a', 'b', 'c'].map((name) => anImage(name));

  test('are packed into 12 characters each', () => {
    expect(packKnown(images)).toHaveLength(36);
    expect(countKnown(packKnown(images))).toBe(3);
    expect(packKnown([])).toBe('');
  });
  test('tell known from new', () => {
    const isKnown = knownImages(packKnown(images));
    expect(images.map(isKnown)).toEqual([true, true, true]);
    expect(isKnown(anImage('d'))).toBe(false);
  });
  test('hold for an address that was signed anew, and for another sub-task', () => {
    expect(knownImages(packKnown(images))(anImage('b', 7, 'Expires=9'))).toBe(true);
  });
  test('of nothing know nothing', () => {
    expect(knownImages('')(anImage('a'))).toBe(false);
  });
});
