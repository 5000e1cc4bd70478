/** What the worker of the interleavings runs: the wait, and the workflow that plays one course against it. Sandbox code. */
import {
  ChildWorkflowCancellationType,
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { defaults, messages, resultsWorkflowId, type TryOnEvent, workflowTypes } from '../../src/contract.js';
import type { Act, Answered, Part, Played } from './interleave-types.js';

export { tryOnResults } from '../../src/workflows/index.js';

const { act } = proxyActivities<{ act(what: Act): Promise<Answered> }>({
  startToCloseTimeout: 60_000,
  retry: { maximumAttempts: 1 },
});

/** Starts the wait, acts at the times of its part, and keeps all that it is told under each signal's name until the wait has closed. */
export async function player(part: Part): Promise<Played> {
  const { workflowId } = workflowInfo();
  const waitId = resultsWorkflowId(part.input.taskId);
  const events: Played['events'] = [];
  const answers: Answered[] = [];
  let hasEnded = false;
  for (const signal of [defaults.signal, ...part.signals]) {
    setHandler(defineSignal<[TryOnEvent]>(signal), (event) => {
      events.push({ signal, event });
      // A wait that is nobody's child is over soon after its outcome.
      if (!part.isChild && signal === part.control && event.kind === 'outcome') hasEnded = true;
    });
  }
  const notify = part.notify.map((signal) => ({ workflowId, ...(signal === defaults.signal ? {} : { signal }) }));
  const input = { ...part.input, notify: [...notify, ...(part.hasGone ? [{ workflowId: `${workflowId}-gone` }] : [])] };
  if (part.isChild) {
    const child = await startChild(workflowTypes.results, {
      workflowId: waitId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
    });
    const end = () => {
      hasEnded = true;
    };
    child.result().then(end, end);
  } else await act({ what: 'start', taskId: part.input.taskId, input });

  for (const { afterMs, ...action } of part.actions) {
    // Not broken off at the end: the test server gets stuck where a timer is cancelled as it fires (temporalio/sdk-java#2606).
    if (afterMs > 0) await sleep(afterMs);
    const { what, who } = action;
    const subscriber = { workflowId, ...(who === undefined || who === defaults.signal ? {} : { signal: who }) };
    if (what !== 'signalSubscribe' && what !== 'signalUnsubscribe') {
      answers.push(await act({ ...action, taskId: part.input.taskId, subscriber }));
      continue;
    }
    const name = what === 'signalSubscribe' ? messages.subscribeSignal : messages.unsubscribeSignal;
    try {
      await getExternalWorkflowHandle(waitId).signal(name, subscriber);
      answers.push({ ...action, kind: 'sent' });
    } catch {
      answers.push({ ...action, kind: 'gone' });
    }
  }
  // A reset ends the first run, and the end is that of the last one.
  const wasReset = answers.some(({ what, kind }) => what === 'reset' && kind === 'sent');
  if (!wasReset) await condition(() => hasEnded);
  const end = await act({ what: 'result', taskId: part.input.taskId });
  const last = await act({ what: 'query', taskId: part.input.taskId });
  return { events, answers, end, last };
}
