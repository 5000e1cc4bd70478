/** The older Aidge API, `tryon` and `tryon-pro`: gateway, submit, query and balance. Takes every request that no other face takes. */

import { defined } from '../../defined.js';
import { answerQuery, type EmulatedAnswer, jsonAnswer, notFoundAnswer, refusalOf } from '../answer.js';
import { balanceReply, type GatewayError, gatewayReply, serviceReply, submitReply } from '../bodies.js';
import { admit, apiNames, methodsOf, readCall } from '../gateway.js';
import type { TaskView } from '../step.js';
import { readSubmit } from '../submit.js';
import type { Face, FaceContext } from './face.js';
import { readTaskId } from './request.js';

/** The data of an accepted submit; of a view of the task only what a submit's reply has of it counts. */
function submitData(taskId: string, view: TaskView = {}): unknown {
  if (view.data !== undefined) return view.data === 'null' ? null : undefined;
  return { result: view.taskId === 'absent' ? {} : { taskId } };
}

/** The platform's figure. */
const timeWindowSeconds = 7200;

const refused = (error: GatewayError, { ids }: FaceContext, seconds?: number): EmulatedAnswer =>
  jsonAnswer(gatewayReply(error, ids, seconds), `gateway:${error.code}`);

function invalid(message: string, { ids, types }: FaceContext, resCode = '700'): EmulatedAnswer {
  const service = { success: false, resCode, resMessage: message };
  return jsonAnswer(serviceReply(undefined, service, ids, { types }), `service:${resCode}`);
}

/** The answer to a method that no page of the API names. A guess: the vendor documents none. */
const wrongMethod = (allowed: readonly string[]): EmulatedAnswer => ({
  ...jsonAnswer({}, 'http:405'),
  status: 405,
  headers: { allow: allowed.join(', ') },
});

/** See the file's description. */
export const aidgeFace: Face = {
  apis: ['tryon', 'tryon-pro'],
  vendor: 'aidge',
  read: (raw, strict) => {
    const call = readCall(raw);
    const { apiName, business, method, scheme, trial } = call;
    const isSubmit = apiName === apiNames.submit || apiName === apiNames.submitPro;
    const taskId = readTaskId(business.task_id ?? (strict ? undefined : business.taskId));
    const api = apiName === apiNames.submitPro ? 'tryon-pro' : 'tryon';
    return {
      ...defined({ taskId: isSubmit ? undefined : taskId }),
      operation: isSubmit ? 'submit' : 'query',
      api,
      path: apiName,
      scheme,
      trial,
      admit: (rules, context) => {
        const admission = admit(call, { timeWindowSeconds, ...rules });
        return 'refusal' in admission ? { refusal: refused(admission.refusal, context) } : admission;
      },
      check: (account, context) => {
        const allowed = methodsOf(apiName, strict);
        if (!allowed.includes(method)) return wrongMethod(allowed);
        if (isSubmit) return undefined;
        if (apiName === apiNames.balance) {
          if (typeof business.apiPath !== 'string') return invalid('apiPath is required', context);
          return jsonAnswer(balanceReply(account.submitsLeft ?? 1000, context.ids), 'balance');
        }
        if (!call.isReadable) return invalid('the body cannot be read', context);
        return taskId === undefined ? invalid('task_id is required', context) : undefined;
      },
      newTask: (imagesPerSubTask) => readSubmit(business, api, imagesPerSubTask),
    };
  },
  refusal: refusalOf,
  throttled: (isQuery, seconds, context) => {
    if (!isQuery) return invalid('request rate exceeds the limit', context, '501');
    const message = 'Api access frequency exceeds the limit. this ban will last {seconds} seconds';
    return refused({ code: 'ApiCallLimit', type: 'ISP', message }, context, seconds);
  },
  invalid,
  submitted: (taskId, step, { ids, types }) =>
    jsonAnswer(submitReply(submitData(taskId, step.task), ids, { types, ...step.envelope }), 'accepted', step),
  query: answerQuery,
  notFound: (kind = 'http404', taskId, { ids, types }) => notFoundAnswer(kind, taskId, ids, types),
};
