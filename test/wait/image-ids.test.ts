import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TryOnImage } from '../../src/contract.js';
import { knownImages, packKnown } from '../../src/poll/poll-state.js';
import type { PollImage } from '../../src/poll/reply.js';
import { uniqueImages } from '../../src/poll/task-progress.js';
import { imageIds } from '../../src/providers/image-id.js';
import { identifyImages, knownIds } from '../../src/wait/image-ids.js';

const image = (imageUrl: string, subTask = 0) => ({ ...imageIds(imageUrl), imageUrl, subTask });
const view = (name: string, more = '') => image(`http://x/view?filename=${name}${more}`);
/** What a wait has after replies with these images. */
const waitAfter = (...replies: PollImage[][]) => {
  let wait: Parameters<typeof identifyImages>[0] = { images: [] };
  for (const reply of replies) {
    const received = uniqueImages([{ index: 0, status: 'finished', images: reply }], true);
    const { images, imageKeys } = identifyImages(wait, received);
    const byId = new Map([...wait.images, ...images].map((one): [string, TryOnImage] => [one.id, one]));
    wait = { images: [...byId.values()], imageKeys };
  }
  return wait;
};
const idsAfter = (...replies: PollImage[][]) => waitAfter(...replies).images.map(({ id }) => id);
const plainId = view('a').id;

describe('the id of an image', () => {
  test('is that of the URL without its query, where no other image of the reply shares it', () => {
    expect(idsAfter([image('http://x/a.png?size=2')])).toEqual([image('http://x/a.png').id]);
  });
  test('takes in the query where images of one reply share it', () => {
    expect(idsAfter([view('a'), view('b')])).toEqual([view('a').key, view('b').key]);
  });
  test('stays once it was emitted, when one that shares it comes later, before or behind it', () => {
    const { images } = waitAfter([view('b')], [view('a'), view('b', '&Expires=2')], [view('c'), view('a'), view('b')]);
    expect(images.map(({ id }) => id)).toEqual([plainId, view('a').key, view('c').key]);
    expect(images.map(({ imageUrl }) => imageUrl)).toEqual(['b', 'a', 'c'].map((name) => view(name).imageUrl));
  });
  test('is the same when the vendor signs the URL again, also by a parameter that nobody knows', () => {
    expect(idsAfter([view('a', '&Expires=1'), view('b')], [view('b'), view('a', '&Expires=2')])).toHaveLength(2);
    expect(idsAfter([image('http://x/a.png?v=1')], [image('http://x/a.png?v=2')])).toHaveLength(1);
  });
});

test('as a reply gains images, none is lost or twice, and the next poll knows each', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  fc.assert(
    fc.property(fc.array(fc.array(name)), (added) => {
      const replies = added.map((_, index) =>
        [
          ...new Set(
            added
              .slice(0, index + 1)
              .flat()
              .reverse(),
          ),
        ].map((one) => view(one)),
      );
      const wait = waitAfter(...replies);
      const last = replies.at(-1) ?? [];
      expect(wait.images.map(({ imageUrl }) => imageUrl).sort()).toEqual(last.map(({ imageUrl }) => imageUrl).sort());
      const { ids, keys } = knownIds(wait);
      const isKnown = knownImages({ known: packKnown(ids), knownKeys: packKnown(keys) });
      const isKnownIn = (reply: PollImage[]) =>
        uniqueImages([{ index: 0, status: 'finished', images: reply }], true).map(isKnown);
      expect(isKnownIn(last).every(Boolean)).toBe(true);
      if (last.length > 0) expect(isKnownIn([...last, view('f')]).at(-1)).toBe(false);
    }),
  );
});
