/** The answer to a query: (step of a script, task, time) -> an HTTP answer and its wire mode. Pure. */
import { defined } from '../defined.js';
import {
  type EnvelopeStyle,
  gatewayReply,
  htmlSafeJson,
  type RequestIds,
  type ScalarTypes,
  serviceOk,
  serviceReply,
} from './bodies.js';
import type { ImageStore } from './images.js';
import type { HttpAnswer, NotFoundAnswer, Step, WireMode } from './step.js';
import { taskData } from './task-data.js';
import { snapshotOf, type TaskModel } from './tasks.js';

/** One answer. */
export interface EmulatedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly wire?: WireMode;
  /** Delay of the wire mode `slow`. */
  readonly seconds?: number;
  /** For the log: a status word, `gateway:<code>`, `service:<code>`, `http:<status>`, `not-found` or `nothing`. */
  readonly label: string;
  /** Whether the answer shows the task's end: its main status is `finished` or `failed`. */
  readonly ends: boolean;
}

/** Context of an answer. */
export interface AnswerContext {
  readonly store: ImageStore;
  readonly ids: RequestIds;
  readonly types: ScalarTypes;
  readonly nowMs: number;
  /** Number of this query of the task, from 1. */
  readonly poll: number;
  /** Number of this query in the step, from 1. */
  readonly stepPoll: number;
  /** Origin of the server that `trap` redirects to. */
  readonly trapUrl: string;
}

/** The vendor's content type for JSON. */
const jsonType = 'application/json;charset=UTF-8';

/** An answer with a JSON body. */
export function jsonAnswer(value: unknown, label: string, step: Step = {}, ends = false): EmulatedAnswer {
  return defined({
    status: 200,
    headers: { 'content-type': step.contentType ?? jsonType },
    body: (step.prefix ?? '') + htmlSafeJson(value),
    label,
    ends,
    wire: step.wire,
    seconds: step.seconds,
  });
}

/** A raw HTTP answer. */
export function httpAnswer(
  answer: HttpAnswer,
  step: Step,
  context: Pick<AnswerContext, 'nowMs' | 'trapUrl'>,
): EmulatedAnswer {
  const headers: Record<string, string> = {};
  if (answer.contentType !== undefined) headers['content-type'] = answer.contentType;
  if (answer.retryAfter !== undefined) {
    const seconds = step.seconds ?? 0;
    const date = new Date(context.nowMs + seconds * 1000).toUTCString();
    headers['retry-after'] = answer.retryAfter.replaceAll('{seconds}', String(seconds)).replaceAll('{date}', date);
  }
  if (answer.location === 'trap') headers.location = `${context.trapUrl}/rest/ai/virtual/tryon-results`;
  if (answer.location === 'loop') headers.location = '/redirect-loop/1';
  return defined({
    status: answer.status,
    headers,
    body: answer.body ?? '',
    label: `http:${answer.status}`,
    ends: false,
    wire: step.wire,
  });
}

/** The answer for an unknown or expired task, see {@link NotFoundAnswer}. */
export function notFoundAnswer(
  kind: NotFoundAnswer,
  taskId: string,
  ids: RequestIds,
  types: ScalarTypes,
): EmulatedAnswer {
  switch (kind) {
    case 'http404':
      return {
        status: 404,
        headers: { 'content-type': 'text/plain' },
        body: 'Not Found',
        label: 'not-found',
        ends: false,
      };
    case 'service': {
      const refusal = { success: false, resCode: '700', resMessage: 'task not exist' };
      return jsonAnswer(serviceReply(undefined, refusal, ids, { types }), 'not-found');
    }
    case 'task-failed-text': {
      const service = { ...serviceOk, resMessage: 'task not exist' };
      return jsonAnswer(serviceReply({ taskStatus: 'failed', taskId }, service, ids, { types }), 'not-found');
    }
  }
}

/** The part of a step that does not depend on the task: an HTTP answer, or a refusal by gateway or service. */
export function refusalOf(
  step: Step,
  context: Pick<AnswerContext, 'ids' | 'types' | 'nowMs' | 'trapUrl'>,
): EmulatedAnswer | undefined {
  if (step.http !== undefined) return httpAnswer(step.http, step, context);
  if (step.gateway !== undefined) {
    const { code } = step.gateway;
    return jsonAnswer(gatewayReply(step.gateway, context.ids, step.seconds), `gateway:${code}`, step);
  }
  if (step.service !== undefined && step.task === undefined) {
    const style: EnvelopeStyle = { types: context.types, ...step.envelope };
    const body = serviceReply(undefined, step.service, context.ids, style);
    return jsonAnswer(body, `service:${step.service.resCode}`, step);
  }
  return undefined;
}

/** The answer to a query of a known task. */
export function answerQuery(step: Step, task: TaskModel, context: AnswerContext): EmulatedAnswer {
  const refusal = refusalOf(step, context);
  if (refusal !== undefined) return refusal;
  if (step.notFound !== undefined) return notFoundAnswer(step.notFound, task.taskId, context.ids, context.types);
  const view = step.task ?? {};
  const snapshot = snapshotOf(task, view, context.nowMs, context.stepPoll);
  const data = taskData(task, snapshot, view, context);
  const service = step.service ?? (view.message === undefined ? serviceOk : { ...serviceOk, resMessage: view.message });
  const style: EnvelopeStyle = { types: context.types, ...step.envelope };
  const status = view.statusWord === undefined ? snapshot.status : view.statusWord;
  const word = view.data !== undefined || view.noStatus || status === null ? undefined : status;
  const ends =
    ['finished', 'failed'].includes(word?.toLowerCase() ?? '') &&
    service.success &&
    view.taskId !== 'other' &&
    isSentWhole(step.wire);
  return jsonAnswer(serviceReply(data, service, context.ids, style), word ?? 'nothing', step, ends);
}

/** Whether the reader gets the whole answer. */
export function isSentWhole(wire: WireMode | undefined): boolean {
  return wire === undefined || wire === 'gzip' || wire === 'slow' || wire === 'dead-keep-alive';
}
