/**
 * fal's queue (queue.fal.run) as data. Its try-on models take a person's and a garment's image, and give `images`. Safe in the workflow sandbox.
 */
import type { SubTaskStatus } from '../../contract.js';
import { defined } from '../../defined.js';
import type { Answer, TaskReply, VendorApi } from '../../poll/reply.js';
import { apiKeyTables } from '../common-codes.js';
import type { ApiDescriptor } from '../descriptor.js';
import {
  type Fields,
  fieldsOfNode,
  imagesOfUrls,
  maxItems,
  statusOfWord,
  textIn,
  textLimits,
  textOf,
} from '../json-fields.js';
import { gatewayCodes, ours, shown, taskCodes } from './codes.js';

/** The model of a request that names none, and its app: the part of its name by which the queue knows its tasks. */
const usual = { model: 'fal-ai/fashn/tryon/v1.6', app: 'fal-ai/fashn' } as const;
const maxTaskIdLength = 200;

const part = String.raw`[\w-][\w.-]*`;
const wholePart = new RegExp(`^${part}$`);
const app = `(?:${part}/){1,2}${part}`;
const idWithApp = new RegExp(`^(${app})/(${part})$`);
const responseUrl = new RegExp(`^https?://[^/]+/(${app})/requests/`);

/** The model of a request. A name that is none keeps its slashes only, for the vendor to refuse. */
const modelOf = (requestJson: string): string => {
  let model: unknown;
  try {
    model = fieldsOfNode(JSON.parse(requestJson))?.get('model') ?? usual.model;
  } catch {
    model = usual.model;
  }
  return String(typeof model === 'string' ? model : '-')
    .split('/')
    .map((text) => (wholePart.test(text) ? text : '-'))
    .join('/');
};

/** The path of a task: that of its `response_url`. */
const pathOf = (taskId: string): string => {
  const [, itsApp = usual.app, id = taskId] = idWithApp.exec(taskId) ?? [];
  // Dots alone would name the path above, where a GET may be a paid call.
  return `/${itsApp}/requests/${/^\.+$/.test(id) ? '-' : encodeURIComponent(id)}`;
};

/** The task id of a reply that names its request: `<app>/<request_id>`; of the usual app the `request_id` alone. */
const taskIdOf = (top: Fields): string | undefined => {
  const requestId = textIn(top, ['request_id']);
  if (requestId === undefined) return undefined;
  const [, itsApp = usual.app] = responseUrl.exec(textIn(top, ['response_url'], textLimits.message) ?? '') ?? [];
  const id = itsApp === usual.app ? requestId : `${itsApp}/${requestId}`;
  return id.length > maxTaskIdLength ? undefined : id;
};

const statusWords: Readonly<Record<string, SubTaskStatus>> = { in_queue: 'submitted', in_progress: 'running' };

type Parsed = ReturnType<VendorApi['parse']>;
const taskOf = (top: Fields, status: SubTaskStatus, more: Partial<TaskReply> = {}): TaskReply =>
  defined({ taskId: taskIdOf(top), status, subTasks: [], ...more });
const answer = (fields: Partial<Answer>): Parsed => ({ kind: 'answer', ...fields });

/** The one text that is known, and others that would say the same: the task is paid for. */
const notReady = /\b(?:in (?:progress|queue)|not (?:yet )?(?:ready|complete|completed|finished))\b/i;

/** An error reply: of the platform, or what a model answered in place of a result. */
const errorOf = (top: Fields, detail: unknown): Parsed => {
  const first = Array.isArray(detail) ? fieldsOfNode(detail[0]) : undefined;
  const code = first === undefined ? textIn(top, ['error_type']) : textIn(first, ['type']);
  const message = textOf(first === undefined ? detail : first.get('msg'), textLimits.message);
  if (code !== undefined && Object.hasOwn(taskCodes, code)) {
    return answer({ gatewayCode: shown.failed, task: taskOf(top, 'failed', defined({ code, message })) });
  }
  if (Array.isArray(detail)) {
    const isKnown = code !== undefined && Object.hasOwn(gatewayCodes, code);
    const text = [isKnown ? undefined : code, message].filter((one) => one !== undefined).join(': ');
    return answer({
      gatewayCode: isKnown ? code : ours.model,
      ...(text === '' ? {} : { gatewayMessage: text.slice(0, textLimits.message) }),
    });
  }
  if (code === undefined && notReady.test(message ?? '')) {
    return answer({ gatewayCode: shown.pending, task: taskOf(top, 'running') });
  }
  const isLocked = code === undefined && /^user is locked/i.test(message ?? '');
  return answer(defined({ gatewayCode: isLocked ? ours.locked : code, gatewayMessage: message }));
};

const parse: VendorApi['parse'] = (body, imageIds) => {
  const top = fieldsOfNode(body);
  if (top === undefined) return undefined;
  const detail = top.get('detail') ?? undefined;
  if (detail !== undefined || textIn(top, ['error_type']) !== undefined) return errorOf(top, detail);
  const [images, image] = [top.get('images'), top.get('image')];
  if (Array.isArray(images) || fieldsOfNode(image) !== undefined) {
    const items = Array.isArray(images) ? images.slice(0, maxItems) : [image];
    const found = imagesOfUrls(
      items.map((one) => fieldsOfNode(one)?.get('url')),
      imageIds,
    );
    const subTasks = found.length === 0 ? [] : [{ index: 0, status: 'finished' as const, images: found }];
    return answer({ task: taskOf(top, 'finished', { subTasks }) });
  }
  const word = textIn(top, ['status']);
  // A refused cancellation.
  if (word !== undefined && Object.hasOwn(gatewayCodes, word)) return answer({ gatewayCode: word });
  const task = taskOf(top, statusOfWord(word, statusWords), defined({ vendorStatus: word }));
  return answer(word === undefined && task.taskId === undefined ? {} : { task });
};

const tables = apiKeyTables({ prefix: 'FAL_', keyFiles: 'FAL_API_KEY_FILE' });

/**
 * One poll is one call, so `poll` asks for the result (`response_url`) and never for the state (`status_url`): whether an unfinished task has
 * begun is not known. `model` in a request names the model, `fal-ai/fashn/tryon/v1.6` if it is absent; the model is given the whole request.
 *
 * Documented: paths, words, `error_type`s, the form of models' errors, `images[].url`; that the queue itself retries, waits for a free place
 * in place of refusing, and gives a model's error as the result; that a result is kept for an hour, for 6 minutes from 10 KB, and longer where
 * the account stores payloads, which is the default.
 * Inferred: which codes are the input's fault; that a model ignores `model`; the durations (FASHN's own, and some queue); our budgets.
 * From reports of users, not documented: HTTP 400 with `Request is still in progress`, HTTP 403 with `User is locked`. So an HTTP 400 without
 * an `error_type` never ends a wait.
 * Tolerated: a reply of `status_url`, `image` in place of `images`.
 * @see https://fal.ai/docs/inference-api/queue/result
 * @see https://docs.fal.ai/documentation/model-apis/inference/queue
 * @see https://docs.fal.ai/documentation/model-apis/request-errors
 * @see https://docs.fal.ai/errors
 * @see https://fal.ai/models/fal-ai/fashn/tryon/v1.6/api
 */
export const falApi: ApiDescriptor = {
  name: 'fal',
  vendor: 'fal',
  authorization: 'Key',
  poll: (taskId) => ({ method: 'GET', path: pathOf(taskId) }),
  submit: (json) => ({ method: 'POST', path: `/${modelOf(json)}`, json }),
  cancel: (taskId) => ({ method: 'PUT', path: `${pathOf(taskId)}/cancel` }),
  facts: {
    isSubmitSafeToRepeat: false,
    canListTasks: true,
    taskLifeSeconds: 3_600,
    prior: { medianSeconds: 10, p95Seconds: 40 },
  },
  gatewayCodes,
  serviceCodes: {},
  taskCodes,
  ...tables,
  httpStatuses: { ...tables.httpStatuses, '400': { class: 'transient', description: 'the request is not complete' } },
  unknownCode: { class: 'transient', description: 'an undocumented code' },
  notFoundMessages: [],
  throttleMessages: [],
  statusWords,
  parse,
};
