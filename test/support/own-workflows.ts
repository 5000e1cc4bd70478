/** A user's own workflows file: the package's workflows, as the plugin asks for, and a listing of the user's own. Sandbox code. */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { leaveTryOn, receiveTryOnEvents, startOrJoinTryOn, type TryOnImage } from '../../src/workflow.js';

export * from '../../src/workflow.js';

/** Where a product's pictures come from, and how many a page needs. */
export interface ProductPage {
  readonly garments: Readonly<Record<string, string>>;
  readonly wanted: number;
}

/** Takes the first pictures that come, whichever garment they are of, and leaves the rest. */
export async function productPage({ garments, wanted }: ProductPage): Promise<Record<string, string[]>> {
  const pictures: Record<string, readonly TryOnImage[]> = {};
  const enough = new CancellationScope();
  const inbox = receiveTryOnEvents({
    onEvent: ({ taskId }, { tasks }) => {
      pictures[taskId] = tasks[taskId]?.images ?? [];
      if (Object.values(pictures).flat().length >= wanted) enough.cancel();
    },
  });
  const taskIds = Object.values(garments);
  await Promise.all(taskIds.map((taskId) => startOrJoinTryOn({ taskId, timeoutSeconds: 60 })));
  try {
    await enough.run(() => Promise.all(taskIds.map((taskId) => inbox.outcome(taskId))));
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  await CancellationScope.nonCancellable(() => Promise.all(taskIds.map((taskId) => leaveTryOn(taskId))));
  return Object.fromEntries(
    Object.entries(garments).map(([garment, taskId]) => [
      garment,
      (pictures[taskId] ?? []).map(({ imageUrl }) => imageUrl),
    ]),
  );
}
