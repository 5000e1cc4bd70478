/** Pieces of the tests of jobs. */

/** A request that the emulator accepts: one sub-task. */
export const aRequest = {
  clothesList: [{ imageUrl: 'https://shop.example/coat.jpg', type: 'tops' }],
  modelImage: [],
};
