import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunks, jsonBytes, takeFitting, utf8Bytes, withImages } from '../src/json-size.js';

const anyText = fc.string({ unit: 'binary' });
const lone = fc.constantFrom('\ud83d', '\ude00', 'a', '\u20ac', '\ud83d\ude00', '\u00e9');

test('bytes of a text are those that an encoder makes, lone surrogates too', () => {
  const texts = fc.oneof(
    anyText,
    fc.array(lone).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
    }),
    { numRuns: 2_000, seed: 3 },
  );
});

test('bytes of a value are those of its JSON', () => {
  expect(jsonBytes({ a: 'é', b: [1, null] })).toBe(new TextEncoder().encode('{"a":"é","b":[1,null]}').length);
  expect(jsonBytes(undefined)).toBe(0);
});

const lists = fc.array(fc.record({ id: fc.nat(), text: anyText }), { maxLength: 40 });

test('what fits is the longest run from the first that does', () => {
  fc.assert(
    fc.property(lists, fc.nat(600), (items, maxBytes) => {
      const { fitting, omitted } = takeFitting(items, maxBytes);
      expect(fitting).toEqual(items.slice(0, items.length - omitted));
      if (fitting.length > 0) expect(jsonBytes(fitting)).toBeLessThanOrEqual(maxBytes);
      if (omitted > 0) expect(jsonBytes(items.slice(0, fitting.length + 1)) + 1).toBeGreaterThan(maxBytes);
    }),
    { numRuns: 500, seed: 4 },
  );
});

test('runs hold every item once, in order, and keep their size', () => {
  fc.assert(
    fc.property(lists, fc.nat(400), (items, maxBytes) => {
      const runs = chunks(items, maxBytes);
      expect(runs.flat()).toEqual(items);
      for (const run of runs) {
        expect(run.length).toBeGreaterThan(0);
        if (run.length > 1) expect(jsonBytes(run)).toBeLessThanOrEqual(maxBytes);
      }
    }),
    { numRuns: 500, seed: 5 },
  );
});

test('a result with images keeps its size, whatever is left out', () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 100, max: 900 }), (items, maxBytes) => {
      const whole = { name: 'result', images: [] as (typeof items)[number][] };
      const result = withImages(whole, items, maxBytes);
      expect(jsonBytes(result)).toBeLessThanOrEqual(maxBytes);
      expect(result.images.length + (result.imagesOmitted ?? 0)).toBe(items.length);
      expect('imagesOmitted' in result).toBe(result.images.length < items.length);
    }),
    { numRuns: 500, seed: 6 },
  );
});
