/** Pieces of the tests of jobs. */

/** A request that the emulator accepts: one sub-task. */
export const aRequest = {
  clothesList: [{ imageUrl: 'https://shop.example/coat.jpg', type: 'tops' }],
  modelImage: [],
};

/** The script of a task that gives its images in two batches. */
export const batches = [
  { polls: 1, task: { state: 'running' } },
  { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
  { task: { state: 'finished' } },
] as const;
