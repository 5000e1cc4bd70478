import { expect, test } from 'vitest';
import { assertUnpolluted, Fuzz } from './fuzz.js';

const seed = Number(process.env.TRYON_FUZZ_SEED ?? 1);
const runs = 20_000;

test(`${runs} mutated replies: nothing is thrown, no secret is shown, every limit holds (seed ${seed})`, async () => {
  const fuzz = new Fuzz(seed);
  expect(fuzz.recorded).toBeGreaterThan(50);
  const phrases = new Set<string>();
  for (let index = 0; index < runs; index += 1) {
    const phrase = await fuzz.run(index).catch((error: unknown) => {
      throw new Error(`run ${index} of seed ${seed} (${fuzz.inputAt(index).description})`, { cause: error });
    });
    phrases.add(phrase);
  }
  assertUnpolluted();
  // The mutations reach every layer.
  expect([...phrases].sort()).toEqual([
    'ended, failed',
    'ended, finished',
    'ended, images',
    'ended, partial',
    'ended, retry',
    'error, failed',
    'error, images',
    'error, notFound',
    'error, retry',
    'pending, images',
    'pending, retry',
  ]);
}, 120_000);

test('seed and index alone decide an input', () => {
  const [one, same, other] = [new Fuzz(5), new Fuzz(5), new Fuzz(6)];
  for (const index of [0, 17, 1_000]) {
    const [left, right] = [one.inputAt(index), same.inputAt(index)];
    expect({ ...left, bytes: undefined }).toEqual({ ...right, bytes: undefined });
    expect(Buffer.from(left.bytes).equals(right.bytes)).toBe(true);
    expect(Buffer.from(other.inputAt(index).bytes).equals(one.inputAt(index).bytes)).toBe(false);
  }
});
