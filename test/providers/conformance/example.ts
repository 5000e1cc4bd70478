/** Acme's try-on API, as data. Safe in the workflow sandbox. */
import type { SubTaskStatus } from '../../../src/contract.js';
import { defined } from '../../../src/defined.js';
import type { CodeRow, TaskReply, VendorApi } from '../../../src/poll/reply.js';
import { apiKeyTables, limitRemedy } from '../../../src/providers/common-codes.js';
import type { ApiDescriptor } from '../../../src/providers/descriptor.js';
import { fieldsOfNode, imagesOfUrls, statusOfWord, textIn, textLimits } from '../../../src/providers/json-fields.js';

const gatewayCodes: Readonly<Record<string, CodeRow>> = {
  BadKey: { class: 'auth', description: 'the API key is wrong', remedy: 'check ACME_API_KEY' },
  NoCredits: { class: 'quota', description: 'no credits are left', remedy: 'buy credits' },
  TooFast: { class: 'throttled', waitMs: 5_000, description: 'too many calls', remedy: limitRemedy('ACME_') },
  'Invalid.*': { class: 'refused', description: 'the request is invalid', remedy: 'check the request' },
  Internal: { class: 'transient', description: 'the platform failed' },
};

const statusWords: Readonly<Record<string, SubTaskStatus>> = {
  queued: 'submitted',
  working: 'running',
  done: 'finished',
  failed: 'failed',
};

const parse: VendorApi['parse'] = (body, imageIds) => {
  const top = fieldsOfNode(body);
  if (top === undefined) return undefined;
  const word = textIn(top, ['state']);
  const status = statusOfWord(word, statusWords);
  const list = top.get('images');
  const images = imagesOfUrls(Array.isArray(list) ? list : [], imageIds);
  const task: TaskReply = defined({
    taskId: textIn(top, ['job_id']),
    status,
    vendorStatus: word,
    code: textIn(top, ['failure']),
    message: textIn(top, ['failure_text'], textLimits.message),
    subTasks: images.length === 0 ? [] : [{ index: 0, status, images }],
  });
  return defined({
    kind: 'answer' as const,
    gatewayCode: textIn(top, ['error']),
    gatewayMessage: textIn(top, ['error_text'], textLimits.message),
    task: word === undefined && task.taskId === undefined ? undefined : task,
  });
};

/**
 * Documented: paths, states, codes, `images[]`, URLs for a day (the pages below).
 * Inferred: the class of `Internal`.
 * Tolerated: states in any case, a task without `job_id`.
 * @see https://acme.example/docs/api
 */
export const acmeApi: ApiDescriptor = {
  name: 'acme' as never,
  vendor: 'acme' as never,
  poll: (taskId) => ({ method: 'GET', path: `/v1/jobs/${encodeURIComponent(taskId)}` }),
  submit: (json) => ({ method: 'POST', path: '/v1/jobs', json }),
  cancel: (taskId) => ({ method: 'POST', path: `/v1/jobs/${encodeURIComponent(taskId)}/cancel` }),
  facts: { isSubmitSafeToRepeat: false, canListTasks: false, urlLifeSeconds: 86_400 },
  gatewayCodes,
  serviceCodes: {},
  taskCodes: { BadImage: { class: 'refused', description: 'an image cannot be used', remedy: 'give another' } },
  ...apiKeyTables({ prefix: 'ACME_', keyFiles: 'ACME_API_KEY_FILE' }),
  unknownCode: { class: 'transient', description: 'an undocumented code' },
  notFoundMessages: [],
  throttleMessages: [],
  statusWords,
  parse,
};
