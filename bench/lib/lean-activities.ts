/** The activity of the leanest wait that one would write by hand: ask; "not yet" is an error that the server retries. */
import { ApplicationFailure } from '@temporalio/common';
import { Agent, request } from 'undici';

/** @param url - of an emulator that takes unsigned calls */
export function createLeanActivities(url: string) {
  const dispatcher = new Agent({ connections: 50 });
  return {
    async poll(taskId: string): Promise<number> {
      const { body } = await request(`${url}/rest/ai/virtual/tryon-results`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ task_id: taskId }),
      });
      const reply = (await body.json()) as { data?: { taskStatus?: string; taskResult?: readonly unknown[] } };
      if (reply.data?.taskStatus !== 'finished') {
        throw ApplicationFailure.create({ message: 'not yet', category: 'BENIGN' });
      }
      return reply.data.taskResult?.length ?? 0;
    },
  };
}
