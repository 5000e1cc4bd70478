/** What a query is answered: (step of a script, task, time) -> an HTTP answer and how it travels. Pure. */
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
import { readingOf, type TaskModel } from './tasks.js';

/** One answer, ready for the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly wire?: WireMode;
  /** How long `slow` waits. */
  readonly seconds?: number;
  /** For the log: a status word, `gateway:<code>`, `service:<code>`, `http:<status>` or `not-found`. */
  readonly said: string;
  /** Whether a reader now knows that the task has ended: its main status is `finished` or `failed`. */
  readonly ends: boolean;
}

/** What an answer depends on beside step and task. */
export interface AnswerContext {
  readonly store: ImageStore;
  readonly ids: RequestIds;
  readonly types: ScalarTypes;
  readonly nowMs: number;
  /** Queries of this task, this one included, from 1. */
  readonly poll: number;
  /** Queries that the step has answered, this one included, from 1. */
  readonly nth: number;
  /** Origin of the server that redirects lead to. */
  readonly trapUrl: string;
}

/** The vendor's own, for anything that is JSON. */
export const jsonType = 'application/json;charset=UTF-8';

/** An answer with a JSON body. */
export function jsonAnswer(value: unknown, said: string, step: Step = {}, ends = false): Answer {
  return {
    status: 200,
    headers: { 'content-type': step.contentType ?? jsonType },
    body: (step.prefix ?? '') + htmlSafeJson(value),
    said,
    ends,
    ...(step.wire === undefined ? {} : { wire: step.wire }),
    ...(step.seconds === undefined ? {} : { seconds: step.seconds }),
  };
}

function httpAnswer(answer: HttpAnswer, step: Step, context: Pick<AnswerContext, 'nowMs' | 'trapUrl'>): Answer {
  const headers: Record<string, string> = {};
  if (answer.contentType !== undefined) headers['content-type'] = answer.contentType;
  if (answer.retryAfter !== undefined) {
    const seconds = step.seconds ?? 0;
    const date = new Date(context.nowMs + seconds * 1000).toUTCString();
    headers['retry-after'] = answer.retryAfter.replaceAll('{seconds}', String(seconds)).replaceAll('{date}', date);
  }
  if (answer.location === 'trap') headers.location = `${context.trapUrl}/rest/ai/virtual/tryon-results`;
  if (answer.location === 'loop') headers.location = '/redirect-loop/1';
  return {
    status: answer.status,
    headers,
    body: answer.body ?? '',
    said: `http:${answer.status}`,
    ends: false,
    ...(step.wire === undefined ? {} : { wire: step.wire }),
  };
}

/** The answer for a task that the vendor does not know, or no longer: a guess, see {@link NotFoundAnswer}. */
export function notFoundAnswer(how: NotFoundAnswer, taskId: string, ids: RequestIds, types: ScalarTypes): Answer {
  switch (how) {
    case 'http404':
      return {
        status: 404,
        headers: { 'content-type': 'text/plain' },
        body: 'Not Found',
        said: 'not-found',
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

/** What a step says whatever is asked: an HTTP answer or a gateway's or service's refusal; `undefined` where it says none. */
export function refusalOf(
  step: Step,
  context: Pick<AnswerContext, 'ids' | 'types' | 'nowMs' | 'trapUrl'>,
): Answer | undefined {
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
export function answerQuery(step: Step, task: TaskModel, context: AnswerContext): Answer {
  const refusal = refusalOf(step, context);
  if (refusal !== undefined) return refusal;
  if (step.notFound !== undefined) return notFoundAnswer(step.notFound, task.taskId, context.ids, context.types);
  const view = step.task ?? {};
  const reading = readingOf(task, view, context.nowMs, context.nth);
  const data = taskData(task, reading, view, context);
  const service = step.service ?? (view.message === undefined ? serviceOk : { ...serviceOk, resMessage: view.message });
  const style: EnvelopeStyle = { types: context.types, ...step.envelope };
  const word = view.statusWord === undefined ? reading.status : view.statusWord;
  const told = view.data === undefined && !view.noStatus && typeof word === 'string';
  const ends =
    told &&
    service.success &&
    view.taskId !== 'other' &&
    ['finished', 'failed'].includes(word.toLowerCase()) &&
    !isCut(step.wire);
  const said = told ? word : 'nothing';
  return jsonAnswer(serviceReply(data, service, context.ids, style), said, step, ends);
}

/** Whether a reader gets no whole answer. */
function isCut(wire: WireMode | undefined): boolean {
  return wire !== undefined && wire !== 'gzip' && wire !== 'slow' && wire !== 'dead-keep-alive';
}
