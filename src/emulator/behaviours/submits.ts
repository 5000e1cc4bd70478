/** Behaviours of a submit, each once; queries are the tasks' own matter. Data. */
import { type Behaviour, once, service, task, wire } from './row.js';

/** Later than any client waits. */
const LATE_SECONDS = 60;

/** By name. */
export const submitBehaviours = {
  'submit-reply-lost': wire('reset-before-headers', 'a submit that is accepted, and whose reply is lost'),
  'submit-reply-cut': wire('reset-mid-body', 'a submit that is accepted, and whose reply breaks off'),
  'submit-reply-late': wire('slow', `a submit that is accepted, and whose reply comes after ${LATE_SECONDS} s`, {
    seconds: LATE_SECONDS,
  }),
  'submit-request-lost': wire('reset-before-headers', 'a submit that never arrives: no task, and no reply', {
    accepted: false,
  }),
  'submit-no-id': task({ taskId: 'absent' }, 'a submit that is accepted without a task id; once', 'guess', once),
  'submit-no-data': task({ data: 'absent' }, 'a submit that is accepted without data; once', 'guess', once),
  'submit-refused-yet-made': service('500', 'system error', 'a submit that is refused, yet makes its task', 'guess', {
    ...once,
    accepted: true,
  }),
} satisfies Record<string, Behaviour>;

/** Name of a behaviour of submits. */
export type SubmitBehaviourName = keyof typeof submitBehaviours;
