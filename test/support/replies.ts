/** Replies as the vendor client hands them to the core: whole by default, a test overrides what it is about. */
import type { Answer, Fault, PollImage, Reply, SubTaskReply, TaskReply } from '../../src/poll/reply.js';
import { imageIds } from '../../src/providers/image-id.js';

/** An image by name; `version` is what follows the `?` of its address: a new one is the same image, signed anew. */
export const anImage = (name: string, subTask = 0, version = ''): PollImage => {
  const imageUrl = `http://images.test/${name}.png${version === '' ? '' : `?${version}`}`;
  return { ...imageIds(imageUrl), imageUrl, subTask };
};

/** `['running']`, `['finished', 'a', 'b']`: a sub-task's status and the names of its images. */
export type SubTaskSketch = readonly [status: SubTaskReply['status'], ...images: string[]];

/** Sub-tasks from sketches, in order. */
export const subTasks = (sketches: readonly SubTaskSketch[], version = ''): SubTaskReply[] =>
  sketches.map(([status, ...names], index) => ({
    index,
    status,
    images: names.map((name) => anImage(name, index, version)),
  }));

/** An answer whose layers above the task are fine. */
export const anAnswer = (answer: Partial<Answer> = {}): Answer => ({
  kind: 'answer',
  httpStatus: 200,
  gatewayCode: '0',
  success: true,
  serviceCode: '200',
  serviceMessage: 'success',
  ...answer,
});

/** An answer about our task `t-1`. */
export const aTask = (
  status: TaskReply['status'],
  sketches: readonly SubTaskSketch[] = [],
  more: Partial<TaskReply> & { version?: string; answer?: Partial<Answer> } = {},
): Answer => {
  const { version, answer, ...task } = more;
  return anAnswer({
    ...answer,
    task: { taskId: 't-1', status, vendorStatus: status, subTasks: subTasks(sketches, version), ...task },
  });
};

/** An answer that fails at the gateway. */
export const gatewayError = (gatewayCode: string, gatewayMessage = 'no', facts: Partial<Answer> = {}): Answer => ({
  kind: 'answer',
  httpStatus: 200,
  gatewayCode,
  gatewayMessage,
  ...facts,
});

/** An answer that fails at the service. */
export const serviceError = (serviceCode: string, serviceMessage = 'no'): Answer =>
  anAnswer({ success: false, serviceCode, serviceMessage });

/** No readable answer. */
export const aFault = (code: Fault['code'], facts: Partial<Fault> = {}): Fault => ({
  kind: 'fault',
  code,
  message: 'it broke',
  ...facts,
});

/** The usual cases by the classification that they come to. */
export const replies = {
  submitted: aTask('submitted'),
  running: aTask('running'),
  unknownStatus: aTask('unknown', [], { vendorStatus: 'PONDERING' }),
  finished: aTask('finished', [['finished', 'a', 'b']]),
  empty: aTask('finished'),
  failed: aTask('failed', [], { message: 'no person in the picture' }),
  unreachable: aFault('ConnectionFailed'),
  unavailable: aFault('Http503', { httpStatus: 503 }),
  throttled: gatewayError('AppCallLimit', 'slow down'),
  banned: gatewayError('ApiCallLimit', 'Api access frequency exceeds the limit. this ban will last 3 seconds'),
  badKey: gatewayError('InvalidAppKey', 'the key is unknown'),
  noQuota: gatewayError('NoResource', 'Sorry, your calling resources have been exhausted'),
  badClock: gatewayError('IncompleteSignature', 'the signature does not fit'),
  notFound: aFault('Http404', { httpStatus: 404 }),
  wrongTask: aTask('running', [], { taskId: 'another' }),
  refused: serviceError('703', 'the image is too small'),
  modelFailed: serviceError('801', 'the model failed'),
} as const satisfies Record<string, Reply>;
