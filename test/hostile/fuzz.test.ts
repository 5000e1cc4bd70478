import { expect, test } from 'vitest';
import { assertUnpolluted, Fuzz } from './fuzz.js';

const seed = Number(process.env.TRYON_FUZZ_SEED ?? 1);
const runs = 20_000;

test(`${runs} broken replies: nothing is thrown, no secret comes through, every limit holds (seed ${seed})`, async () => {
  const fuzz = new Fuzz(seed);
  expect(fuzz.recorded).toBeGreaterThan(50);
  const words = new Map<string, number>();
  for (let index = 0; index < runs; index += 1) {
    const word = await fuzz.run(index).catch((error: unknown) => {
      throw new Error(`run ${index} of seed ${seed} (${fuzz.inputAt(index).how})`, { cause: error });
    });
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  assertUnpolluted();
  // The mutations reach past the first layer: each kind of end is met.
  expect([...words.keys()].sort()).toEqual([
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

test('an input is decided by seed and index alone', () => {
  const [one, same, other] = [new Fuzz(5), new Fuzz(5), new Fuzz(6)];
  for (const index of [0, 17, 1_000]) {
    const [left, right] = [one.inputAt(index), same.inputAt(index)];
    expect({ ...left, bytes: undefined }).toEqual({ ...right, bytes: undefined });
    expect(Buffer.from(left.bytes).equals(right.bytes)).toBe(true);
    expect(Buffer.from(other.inputAt(index).bytes).equals(one.inputAt(index).bytes)).toBe(false);
  }
});
