/** Says what follows one reply. Pure: the activity hands in what was recorded, and carries out what comes back. */
import { defined } from '../defined.js';
import { takeFitting } from '../json-size.js';
import type { Classification } from './classify.js';
import { decideOnError } from './decide-error.js';
import { countKnown, knownImages, type PollState } from './poll-state.js';
import type { Reply, SubTaskReply, TaskReply } from './reply.js';
import { pollRules } from './rules.js';
import {
  counted,
  isFinalPoll,
  type PolledAttempt,
  type PollStep,
  pauseOf,
  recheck,
  report,
  retry,
  scheduledDelayMs,
  without,
} from './step.js';
import { endOf, mergeSubTasks, subTaskOf, uniqueImages, withinEvents } from './task-progress.js';

/**
 * Decides what follows a poll. Never throws.
 * @param polled - the attempt, `nowMs` being when the reply came
 * @param reply - what the exchange with the vendor came to
 * @param classification - from `classify`
 */
export function decide(polled: PolledAttempt, reply: Reply, classification: Classification): PollStep {
  if (classification.kind === 'error') return decideOnError(polled, classification);
  const task = reply.kind === 'answer' ? reply.task : undefined;
  const subTaskReplies = (task?.subTasks ?? []).map((one) => withinEvents(one, pollRules.imageBytes));
  const subTasks = mergeSubTasks(polled.before.subTasks, subTaskReplies.map(subTaskOf));
  const state = task === undefined ? stateWithoutTask(polled) : stateAfter(polled, task, subTasks);
  const isOver = classification.kind === 'ended' || isFinalPoll(polled);
  const images = imagesOf(polled, subTaskReplies, isOver);
  // The end waits until all images are reported: the next activity polls again.
  if (images.omitted > 0 && isOver) {
    return report({ ...state, nextPollAtMs: polled.nowMs + polled.policy.floorMs }, images.fresh);
  }
  if (classification.kind === 'pending') {
    const seen = task === undefined ? {} : { pendingUntilMs: polled.nowMs };
    const pending: PollState = { ...state, ...seen, ...pauseOf(polled, classification.hint) };
    const delay =
      pending.pauseUntilMs === undefined
        ? ({ delayMs: scheduledDelayMs(polled, pending), why: 'schedule' } as const)
        : ({ delayMs: pending.pauseUntilMs - polled.nowMs, why: 'hint' } as const);
    return retry(polled, pending, delay, isOver ? images.newest : images.fresh);
  }
  const end = endOf(classification.status, classification.error, subTasks);
  if ('recheck' in end) return recheck(polled, state, end.recheck, end.else, images);
  return report(state, images.newest, end);
}

/** The state after a success without a task: what was known of it stays. */
const stateWithoutTask = (polled: PolledAttempt): PollState => without(counted(polled), 'pollError', 'blocked');

/** The state after a reply that showed the task. */
function stateAfter(
  polled: PolledAttempt,
  { status, vendorStatus }: TaskReply,
  subTasks: PollState['subTasks'],
): PollState {
  const { before, nowMs } = polled;
  const isFirstSeenRunning = before.runningSeenAtMs === undefined && status === 'running';
  const hasLeftQueue = before.runningSeenAtMs === undefined && before.status === 'submitted' && status !== 'submitted';
  const earlierEnd = reportedEnd(before);
  return {
    ...without(counted(polled), 'pollError', 'blocked', 'recheck', 'vendorStatus'),
    status,
    subTasks: takeFitting(subTasks, pollRules.subTaskBytes).fitting,
    ...defined({ vendorStatus }),
    ...(isFirstSeenRunning ? { runningSeenAtMs: nowMs } : {}),
    ...(hasLeftQueue ? defined({ queuedUntilMs: before.pendingUntilMs }) : {}),
    ...(earlierEnd === undefined || earlierEnd === status ? {} : { conflict: `${status} after ${earlierEnd}` }),
  };
}

/** What the vendor called the task, where that is still being rechecked. */
function reportedEnd({ recheck: current }: PollState): 'finished' | 'failed' | undefined {
  if (current === undefined || current.why === 'notFound') return undefined;
  return current.why === 'failed' ? 'failed' : 'finished';
}

/** Images that the workflow does not know yet and that fit into one report, and all of them where they fit, with their newest URLs. */
function imagesOf({ input }: PolledAttempt, subTasks: readonly SubTaskReply[], isOver: boolean) {
  const isKnown = knownImages(input);
  const room = Math.max(0, pollRules.images - countKnown(input.known));
  const images = uniqueImages(subTasks, isOver);
  const unknown = images.filter((image) => !isKnown(image)).slice(0, room);
  const { fitting: fresh, omitted } = takeFitting(unknown, pollRules.reportBytes);
  const all = takeFitting(images, pollRules.reportBytes);
  return { fresh, newest: all.omitted === 0 ? all.fitting : fresh, omitted };
}
