/** Random interleavings. */
import fc from 'fast-check';
import type { Reply } from '../../src/poll/reply.js';
import type { Action, InFlightAction, Scenario, TimedAction } from './interleave-types.js';
import { aFault, aTask, gatewayError, replies, type SubTaskSketch, serviceError } from './replies.js';

/** Names of the signals under which the player listens: `parent` is the default one. */
export const who = { parent: 'tryOnEvent', timed: ['a', 'b'], inFlight: 'c', control: 'ctl' } as const;

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const repeat = (reply: Reply, times: number): Reply[] => Array.from({ length: times }, () => reply);

/** Sub-tasks that finish one by one, some of them failing, and an end. */
const steady: fc.Arbitrary<Reply[]> = fc
  .record({
    subTasks: fc.integer({ min: 1, max: 4 }),
    polls: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
    failing: fc.nat(5),
    end: fc.constantFrom('finished', 'finished', 'finished', 'failed', 'running'),
    isResigned: fc.boolean(),
  })
  .map(({ subTasks, polls, failing, end, isResigned }) => {
    const sketch = (done: number): SubTaskSketch[] =>
      Array.from({ length: subTasks }, (_none, index): SubTaskSketch => {
        if (index >= done) return ['running'];
        return index === failing ? ['failed'] : ['finished', names[2 * index] ?? 'y', names[2 * index + 1] ?? 'z'];
      });
    const version = (step: number) => ({ version: isResigned ? `Expires=${step}` : '' });
    const steps = Array.from({ length: subTasks }, (_none, done) =>
      repeat(aTask('running', sketch(done), version(done)), polls[done] ?? 1),
    );
    return [
      ...repeat(replies.submitted, polls[4] ?? 0),
      ...steps.flat(),
      aTask(end as 'finished', sketch(subTasks), version(9)),
    ];
  });

const subTask: fc.Arbitrary<SubTaskSketch> = fc
  .tuple(
    fc.constantFrom('submitted', 'running', 'finished', 'failed', 'unknown'),
    fc.array(fc.constantFrom(...names), { maxLength: 4 }),
  )
  .map(([status, told]) => [status, ...new Set(told)] as const);

const wildTask: fc.Arbitrary<Reply> = fc
  .record({
    status: fc.constantFrom('submitted', 'running', 'running', 'running', 'unknown', 'finished', 'failed'),
    sketches: fc.array(subTask, { maxLength: 4 }),
    version: fc.constantFrom('', 'Expires=1', 'Expires=2'),
    retryAfter: fc.option(fc.constantFrom('3', '0', '-5', 'soon', '40'), { nil: undefined, freq: 8 }),
  })
  .map(({ status, sketches, version, retryAfter }) =>
    aTask(status, sketches, { version, answer: retryAfter === undefined ? {} : { retryAfter } }),
  );

const pollError: fc.Arbitrary<Reply> = fc.oneof(
  fc.constantFrom<Reply>(...Object.values(replies)),
  fc.constantFrom(429, 500, 503).map((httpStatus) => aFault(`Http${httpStatus}`, { httpStatus, retryAfter: '7' })),
  fc.constantFrom('NoResource', 'InvalidAppKey', 'NeverSeen').map((code) => gatewayError(code)),
  fc.constantFrom('500', '501', '1001').map((code) => serviceError(code)),
);

/** Runs of one reply, since many rules count replies in a row. */
const wild: fc.Arbitrary<Reply[]> = fc
  .array(fc.tuple(fc.oneof({ weight: 3, arbitrary: wildTask }, { weight: 2, arbitrary: pollError }), fc.nat(3)), {
    minLength: 1,
    maxLength: 8,
  })
  .map((runs) => runs.flatMap(([reply, times]) => repeat(reply, times + 1)));

const disturbed: fc.Arbitrary<Reply[]> = fc
  .tuple(steady, fc.array(fc.tuple(fc.nat(8), pollError), { maxLength: 4 }))
  .map(([course, faults]) => {
    const mixed = [...course];
    for (const [at, fault] of faults) mixed.splice(Math.min(at, mixed.length - 1), 0, fault);
    return mixed;
  });

const course = fc.oneof(
  { weight: 2, arbitrary: steady },
  { weight: 3, arbitrary: disturbed },
  { weight: 2, arbitrary: wild },
);

const listening = ['subscribe', 'unsubscribe', 'signalSubscribe', 'signalUnsubscribe'] as const;

const listens = (receivers: readonly string[]): fc.Arbitrary<Action> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constantFrom(...listening), who: fc.constantFrom(...receivers) }) },
    { weight: 3, arbitrary: fc.constant<Action>({ what: 'query' }) },
    { weight: 2, arbitrary: fc.constantFrom<Action>({ what: 'undecodable' }, { what: 'malformed' }) },
  );

const disturbs: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Action>({ what: 'pollNow' }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 6 }).map((seconds): Action => ({ what: 'setTimeout', seconds })),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ what: 'cancel' }) },
);

/** In real time: before the action, and from there to the answer. A slow attempt hears of its cancellation by a heartbeat, 500 ms after its start. */
const holds = [
  [0, 0],
  [0, 0],
  [0, 5],
  [0, 40],
  [20, 0],
  [150, 900],
  [400, 200],
  [700, 600],
] as const;

interface Pace {
  readonly action: (receivers: readonly string[]) => fc.Arbitrary<Action>;
  readonly timeoutSeconds: fc.Arbitrary<number>;
  readonly ageSeconds: fc.Arbitrary<number>;
  readonly afterMs: fc.Arbitrary<number>;
  readonly isKept: fc.Arbitrary<boolean>;
}

function scenarioOf({ action, timeoutSeconds, ageSeconds, afterMs, isKept }: Pace): fc.Arbitrary<Scenario> {
  const timed: fc.Arbitrary<TimedAction> = fc
    .tuple(action([...who.timed, ...who.timed, who.parent]), afterMs)
    .map(([what, wait]) => ({ ...what, afterMs: wait }));
  const inFlight: fc.Arbitrary<InFlightAction> = fc
    .tuple(action([who.inFlight]), fc.nat(6), fc.constantFrom(...holds))
    .map(([what, query, [wait, holdMs]]) => ({ ...what, query, afterMs: wait, holdMs }));
  return fc
    .record({
      replies: course,
      twice: fc.constantFrom(0, 0, 0, 3),
      isChild: fc.boolean(),
      notifyParent: fc.boolean(),
      timeoutSeconds,
      ageSeconds,
      notify: fc.subarray([...who.timed, who.inFlight]),
      isKept,
      hasGone: fc.boolean(),
      actions: fc.array(timed, { maxLength: 10 }),
      inFlight: fc.array(inFlight, { maxLength: 4 }),
    })
    .map((given) => ({ ...given, isKept: given.isKept || !given.isChild }));
}

/** For the real server: all that may be done to a wait, within seconds. */
export const anything = scenarioOf({
  action: (receivers) => fc.oneof({ weight: 9, arbitrary: listens(receivers) }, { weight: 5, arbitrary: disturbs }),
  timeoutSeconds: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 3, max: 12 }), fc.constant(12)),
  ageSeconds: fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 100 })),
  afterMs: fc.oneof(fc.constant(0), fc.nat(300), fc.integer({ min: 300, max: 2_000 })),
  isKept: fc.boolean(),
});

/**
 * For the time-skipping server: minutes to hours, and nothing that breaks a poll off. That server gets stuck for ever where a timer or
 * an activity is cancelled as it ends (https://github.com/temporalio/sdk-java/issues/2606).
 */
export const patient = scenarioOf({
  action: listens,
  timeoutSeconds: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 60, max: 4_000 })),
  ageSeconds: fc.oneof(fc.constant(0), fc.integer({ min: -100, max: 900 })),
  afterMs: fc.oneof(fc.constant(0), fc.nat(3_000), fc.integer({ min: 3_000, max: 40_000 })),
  isKept: fc.constant(true),
});
