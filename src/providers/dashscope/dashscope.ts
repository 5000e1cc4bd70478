/** Virtual try-on of Alibaba Cloud Model Studio (DashScope), as data. Safe in the workflow sandbox. */
import type { SubTaskStatus } from '../../contract.js';
import { defined } from '../../defined.js';
import type { CodeRow, SubTaskReply, TaskReply, VendorApi } from '../../poll/reply.js';
import { apiKeyTables, limitRemedy } from '../common-codes.js';
import type { ApiDescriptor } from '../descriptor.js';
import {
  type Fields,
  type FoundImage,
  fieldsOfNode,
  imageCollector,
  isUrlText,
  maxItems,
  statusOfWord,
  textIn,
  textLimits,
} from '../json-fields.js';

const keyRemedy = 'check DASHSCOPE_API_KEY and DASHSCOPE_ENDPOINT: each region has keys of its own';
const payRemedy = "pay the account's bill or buy more at the vendor's console";
const requestRemedy = 'check the request';
const imageRemedy = 'submit again with other images';
const limit = limitRemedy('DASHSCOPE_');

const auth = (description: string): CodeRow => ({ class: 'auth', description, remedy: keyRemedy });
const quota = (description: string): CodeRow => ({ class: 'quota', description, remedy: payRemedy });
const throttled = (description: string): CodeRow => ({ class: 'throttled', description, remedy: limit });
const refused = (description: string, remedy = requestRemedy): CodeRow => ({ class: 'refused', description, remedy });
const transient = (description: string): CodeRow => ({ class: 'transient', description });

/** Codes about the input, in error replies and as the reason of a failed task. */
const inputCodes: Readonly<Record<string, CodeRow>> = {
  InvalidParameter: refused('a parameter is missing or wrong; the message names it'),
  'InvalidParameter.*': refused('a parameter is missing or wrong; the message names it'),
  InvalidURL: refused('an image cannot be downloaded from its URL', imageRemedy),
  'InvalidURL.*': refused('an image cannot be downloaded from its URL', imageRemedy),
  InvalidImageFormat: refused('an image is of no supported format', imageRemedy),
  InvalidImageResolution: refused('an image is too small or too large', imageRemedy),
  InvalidInputLength: refused('an image is too small or too large', imageRemedy),
  InvalidPerson: refused('the picture has no person, or more than one', imageRemedy),
  InvalidGarment: refused('the picture has no garment', imageRemedy),
  DataInspectionFailed: refused('input or result do not pass the content check', imageRemedy),
  IPInfringementSuspect: refused('the input may infringe rights of others', imageRemedy),
};

const gatewayCodes: Readonly<Record<string, CodeRow>> = {
  ...inputCodes,
  InvalidApiKey: auth('the API key is wrong'),
  AccessDenied: auth('the key may not use this model, or the service is not activated'),
  'AccessDenied.*': auth('the key may not use this model, or the model is not bought'),
  'Model.AccessDenied': auth('the workspace of the key may not use this model'),
  'Workspace.AccessDenied': auth('the key may not use this workspace'),
  Arrearage: quota('the account is overdue'),
  CommodityNotPurchased: quota('the workspace has not bought the service'),
  PrepaidBillOverdue: quota('the prepaid bill is overdue'),
  PostpaidBillOverdue: quota('the postpaid bill is overdue'),
  'AllocationQuota.*': quota('the free quota is used up'),
  insufficient_quota: quota('the quota is used up'),
  Throttling: throttled('too many calls, or too many tasks at once'),
  'Throttling.*': throttled('too many calls, or too many tasks at once'),
  LimitRequests: throttled('too many calls'),
  'BadRequest.*': refused('a part of the request is missing'),
  UnsupportedOperation: refused('the task cannot be cancelled: it is not PENDING'),
  ModelNotFound: refused('the model does not exist, or not in this region'),
  WorkSpaceNotFound: refused('the workspace does not exist'),
  NotFound: { class: 'notFound', description: 'not found' },
  InternalError: transient('the platform failed'),
  'InternalError.*': transient('the platform failed'),
  SystemError: transient('the platform failed'),
  ModelServiceFailed: transient('the model failed to answer'),
  ModelServingError: transient('the model is not available'),
  ModelUnavailable: transient('the model is not available'),
  RequestTimeOut: transient('the platform was too slow'),
  ResponseTimeout: transient('the platform was too slow'),
};

const taskCodes: Readonly<Record<string, CodeRow>> = {
  ...inputCodes,
  UNKNOWN: { class: 'notFound', description: 'the vendor does not know the task, or no longer' },
  CANCELED: { class: 'failed', description: 'the task was cancelled' },
};

/** Our word for the states of `output.task_status`. */
const statusWords: Readonly<Record<string, SubTaskStatus>> = {
  pending: 'submitted',
  suspended: 'submitted',
  running: 'running',
  succeeded: 'finished',
  failed: 'failed',
  canceled: 'failed',
  cancelled: 'failed',
  unknown: 'failed', // with the code `UNKNOWN`, which is no failure: see `taskCodes`
};

const wordsWithCode: Readonly<Record<string, string>> = {
  unknown: 'UNKNOWN',
  canceled: 'CANCELED',
  cancelled: 'CANCELED',
};

const imageOf = (fields: Fields | undefined, names: readonly string[]): FoundImage[] => {
  const imageUrl = names.map((name) => fields?.get(name)).find(isUrlText);
  return imageUrl === undefined ? [] : [{ imageUrl }];
};

const readTask = (output: Fields, imageIds: Parameters<VendorApi['parse']>[1]): TaskReply => {
  const word = textIn(output, ['task_status']);
  const key = word?.toLowerCase() ?? '';
  const collect = imageCollector(imageIds);
  const list = output.get('results');
  const subTasks = (Array.isArray(list) ? list.slice(0, maxItems) : []).map((item: unknown, index): SubTaskReply => {
    const fields = fieldsOfNode(item);
    const images = collect(imageOf(fields, ['url', 'image_url']), index);
    const code = textIn(fields, ['code']);
    if (images.length > 0) return { index, status: 'finished', images };
    return defined({ index, status: code === undefined ? 'unknown' : 'failed', vendorStatus: code, images } as const);
  });
  const single = collect(imageOf(output, ['image_url']), 0);
  if (subTasks.length === 0 && single.length > 0) subTasks.push({ index: 0, status: 'finished', images: single });
  return defined({
    taskId: textIn(output, ['task_id']),
    status: statusOfWord(word, statusWords),
    vendorStatus: word,
    code: (Object.hasOwn(wordsWithCode, key) ? wordsWithCode[key] : undefined) ?? textIn(output, ['code']),
    message: textIn(output, ['message'], textLimits.message),
    subTasks,
  });
};

const parse: VendorApi['parse'] = (body, imageIds) => {
  const top = fieldsOfNode(body);
  if (top === undefined) return undefined;
  const output = fieldsOfNode(top.get('output'));
  return defined({
    kind: 'answer' as const,
    gatewayCode: textIn(top, ['code']),
    gatewayMessage: textIn(top, ['message'], textLimits.message),
    requestId: textIn(top, ['request_id']),
    task: output && readTask(output, imageIds),
  });
};

/**
 * `aitryon-plus`, and `aitryon` by its `model`. The request is the body as documented: `{ model, input, parameters }`.
 *
 * Each item of `output.results` is a sub-task, since the page on tasks gives each a result or an error of its own; so a task of which some
 * items failed is `partial`. `output.image_url`, the one image of a try-on, is the only sub-task.
 *
 * Documented: paths, the header of asynchronous calls, states, `output.image_url` (OutfitAnyone-Plus API reference); 20 queries a second for
 * an account, tasks kept for 24 hours, `UNKNOWN` for a task that does not exist, cancelling of `PENDING` tasks, a list of tasks by time,
 * `results` with items that failed (asynchronous task management); codes (error codes); `SUSPENDED`, `CANCELED`, `results[].url` (PyPI
 * `dashscope` 2.0.2, `TaskStatus` and `ImageSynthesisOutput`); URLs for 24 hours.
 * Inferred: that `SUSPENDED` comes before `RUNNING`; that a code without a row means what its HTTP status says; the prior, from
 * the 15 seconds of its quick start for `aitryon`, than which `aitryon-plus` takes longer.
 * Tolerated: `results` as well as `image_url`, a task without `task_id`, states in any case, `CANCELLED`.
 * @see https://www.alibabacloud.com/help/en/model-studio/aitryon-plus-api
 * @see https://www.alibabacloud.com/help/en/model-studio/manage-asynchronous-tasks
 * @see https://www.alibabacloud.com/help/en/model-studio/error-code
 */
export const dashScopeApi: ApiDescriptor = {
  name: 'dashscope',
  vendor: 'dashscope',
  poll: (taskId) => ({ method: 'GET', path: `/api/v1/tasks/${encodeURIComponent(taskId)}` }),
  submit: (json) => ({
    method: 'POST',
    path: '/api/v1/services/aigc/image2image/image-synthesis',
    json,
    headers: { 'x-dashscope-async': 'enable' },
  }),
  cancel: (taskId) => ({ method: 'POST', path: `/api/v1/tasks/${encodeURIComponent(taskId)}/cancel` }),
  facts: {
    isSubmitSafeToRepeat: false,
    canListTasks: true,
    urlLifeSeconds: 86_400,
    taskLifeSeconds: 86_400,
    prior: { medianSeconds: 20, p95Seconds: 60 },
  },
  gatewayCodes,
  serviceCodes: {},
  taskCodes,
  ...apiKeyTables({ prefix: 'DASHSCOPE_', keyFiles: 'DASHSCOPE_API_KEY_FILE' }),
  unknownCode: { class: 'transient', description: 'an undocumented code' },
  notFoundMessages: [/\btask\b[^.;\n]{0,80}\b(?:not (?:be )?(?:found|exist)|does(?: not|n't) exist|has expired)/i],
  throttleMessages: [],
  statusWords,
  parse,
};
