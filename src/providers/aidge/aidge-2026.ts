/** Aidge's newer API generation, as data. Safe in the workflow sandbox. */
import type { CodeRow } from '../../poll/reply.js';
import { openApiCodes } from '../alibaba-cloud/codes.js';
import { commonTables } from '../common-codes.js';
import type { ApiDescriptor } from '../descriptor.js';
import { parse2026 } from './aidge-2026-envelope.js';
import { gatewayCodes as aidgeGatewayCodes, throttleMessages } from './codes.js';
import { tryOnApi } from './tryon.js';

const variables = {
  prefix: 'AIDGE_',
  keyFiles: "the files of the account's key and secret",
  clock: "check the account's secret and the clock of this machine",
};
const version = '2026-04-28';
const inputRemedy = 'submit again with other images';
const consoleRemedy = "act at the vendor's console";

/** Words of `Data.Status`; also those of the older generation, which the vendor's sample of a polling loop accepts. */
const statusWords = {
  queued: 'submitted',
  in_progress: 'running',
  completed: 'finished',
  failed: 'failed',
  submitted: 'submitted',
  running: 'running',
  finished: 'finished',
} as const;

const gatewayCodes: Readonly<Record<string, CodeRow>> = { ...aidgeGatewayCodes, ...openApiCodes(variables) };

const ok: CodeRow = { class: 'ok', description: 'success' };

/** Codes of the service, field `Code`. The vendor's page of them ends in the middle in the copy that we have. */
const serviceCodes: Readonly<Record<string, CodeRow>> = {
  success: ok,
  Success: ok,
  // The examples of the SDK's models.
  '200': ok,
  OK: ok,
  InvalidParameter: {
    class: 'refused',
    description: 'a parameter is missing or wrong; the message names it',
    remedy: 'check the request',
  },
  InputContentBlocked: { class: 'refused', description: 'the input violates the content policy', remedy: inputRemedy },
  OutputContentBlocked: { class: 'failed', description: 'the result violates the content policy', remedy: inputRemedy },
  PriorityUnavailable: { class: 'refused', description: 'the priority is not available', remedy: 'check the request' },
  CallerTypeNotSupported: {
    class: 'auth',
    description: 'neither an Alibaba Cloud account nor a RAM user calls',
    remedy: 'use the key of a RAM user',
  },
  UserStatusInvalid: {
    class: 'auth',
    description: 'the Alibaba Cloud account is not verified, or frozen',
    remedy: consoleRemedy,
  },
  ServiceNotOpened: { class: 'auth', description: 'the service is not activated', remedy: consoleRemedy },
  ServiceStatusInvalid: {
    class: 'quota',
    description: 'the account or the service is suspended, for example in arrears',
    remedy: 'top up',
  },
  FreeQuotaExhausted: {
    class: 'quota',
    description: 'the free quota is used up',
    remedy: 'buy a package, or turn off "stop when exhausted"',
  },
  DownstreamUnavailable: { class: 'transient', description: 'the model or a download is unavailable' },
  UsageParseFail: { class: 'transient', description: 'internal error' },
  InternalError: { class: 'transient', description: 'internal error' },
};

/** Codes as the reason of a failed task. Such a task has ended: there are no rows that would poll on. */
const taskCodes = Object.fromEntries(
  Object.entries(serviceCodes).filter(([, row]) => row.class === 'refused' || row.class === 'failed'),
);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The fields of a request as parameters. What is no object has none: the vendor refuses it. */
const parametersOf = (json: string): Record<string, string> => {
  try {
    const request: unknown = JSON.parse(json);
    if (typeof request !== 'object' || request === null || Array.isArray(request)) return {};
    const given = Object.entries(request).filter(([, value]) => value !== null);
    return Object.fromEntries(given.map(([name, value]) => [name, textOf(value)]));
  } catch {
    return {}; // nested so deep that it cannot be written again
  }
};

/**
 * The API version 2026-04-28: `VirtualTryOn` (one garment picture, one model picture, 1K or 2K) and `QueryAsyncTaskResult`. Accounts with an
 * app key call it at Aidge's gateway, signed V2; accounts with a RAM AccessKey call it at Alibaba Cloud's OpenAPI.
 *
 * Documented: path, parameter and reply of the poll, its four states, `Result` as JSON text and as the reason of a failed task
 * (help.aliyun.com 3038634); envelope, hosts and V2 signature (3038040); service codes (3038043); HTTP 429 over the rate, which binds
 * submits only (2 a second where no other figure stands), and polls at least 1 s, better 5 s apart (3038044); names, fields and places of parameters at the OpenAPI, and its endpoint
 * (PyPI `alibabacloud-aidge20260428` 5.12.0, npm and Maven packages of the same API); outfits of several garments, in one picture or in
 * several (help.aliyun.com/zh/aidge/virtual-try-on). How a request names them is not: fields that the SDK does not know are passed on too.
 *
 * Inferred: the path of the submit at the gateway, after `/ai/image/visionflow` and `/ai/asset/optimizePro` for `VisionFlow` and
 * `AssetOptimizePro`; that one garment gives one image, at `ImageUrl` as in the synchronous `AiTryOn`; what each platform code means here.
 *
 * Tolerated, since no page shows the result of a try-on: any address in `Result` that its name does not make an input; a list in `Result`,
 * whose items are sub-tasks with a `Status` of their own; `Result` as an object; `Code` absent, `200` or `OK`; a `TaskId` of another task
 * beside a `BizId`; the header `x-acs-retry-after`, which the official SDK reads as milliseconds. Not documented, so absent: life of URLs and of tasks, listing, cancelling, a way to repeat a submit safely.
 * @see https://help.aliyun.com/zh/document_detail/3038634.html
 * @see https://help.aliyun.com/document_detail/3038043.html
 * @see https://help.aliyun.com/zh/document_detail/3038044.html
 */
export const aidge2026Api: ApiDescriptor = {
  name: 'aidge-2026',
  vendor: 'aidge',
  retryAfterMsHeader: 'x-acs-retry-after',
  poll: (taskId) => ({
    method: 'POST',
    path: '/ai/task/queryTaskResult',
    parameters: { TaskId: taskId },
    action: { name: 'QueryAsyncTaskResult', version },
  }),
  submit: (json) => ({
    method: 'POST',
    path: '/ai/image/virtualTryOn',
    parameters: parametersOf(json),
    json,
    action: { name: 'VirtualTryOn', version },
  }),
  facts: { isSubmitSafeToRepeat: false, canListTasks: false, minPollMs: 1_000 },
  gatewayCodes,
  serviceCodes,
  taskCodes,
  ...commonTables(variables),
  // An unknown code must not end the wait for a paid task; the wait's deadline bounds it.
  unknownCode: { class: 'transient', description: 'an undocumented code' },
  notFoundMessages: [...tryOnApi.notFoundMessages, /\b(?:invalid)?task(?:id)?\.?not(?:found|exist)/i],
  throttleMessages,
  statusWords,
  parse: (body, imageIds) => parse2026(body, { gatewayCodes, serviceCodes }, { imageIds, statusWords }),
};
