/** FASHN's try-on API, as data. Safe in the workflow sandbox. */
import type { SubTaskStatus } from '../../contract.js';
import { defined } from '../../defined.js';
import type { CodeRow, SubTaskReply, TaskReply, VendorApi } from '../../poll/reply.js';
import { apiKeyTables, limitRemedy } from '../common-codes.js';
import type { ApiDescriptor } from '../descriptor.js';
import { type Fields, fieldsOfNode, imagesOfUrls, statusOfWord, textIn, textLimits } from '../json-fields.js';

const keyRemedy = 'check FASHN_API_KEY';
const imageRemedy = 'submit again with other images';
const limit = limitRemedy('FASHN_');

const auth = (description: string): CodeRow => ({ class: 'auth', description, remedy: keyRemedy });
const refused = (description: string, remedy: string): CodeRow => ({ class: 'refused', description, remedy });
const failed = (description: string): CodeRow => ({ class: 'failed', description, remedy: 'submit again' });

/** Names of error replies, field `error`. */
const gatewayCodes: Readonly<Record<string, CodeRow>> = {
  BadRequest: refused('the request is invalid', 'check the request'),
  UnauthorizedAccess: auth('the API key is wrong, inactive or missing'),
  NotFound: { class: 'notFound', description: 'the prediction is not known, or no longer' },
  // 50 polls in 10 s, 50 runs a minute.
  RateLimitExceeded: { class: 'throttled', waitMs: 10_000, description: 'too many calls', remedy: limit },
  ConcurrencyLimitExceeded: {
    class: 'throttled',
    description: 'too many predictions at once',
    remedy: 'lower FASHN_SUBMITS_PER_MINUTE, or ask the vendor for a higher limit',
  },
  OutOfCredits: { class: 'quota', description: 'no credits are left', remedy: 'buy credits' },
  InternalServerError: { class: 'transient', description: 'the platform failed' },
};

/** Names of the errors of a failed prediction, field `error.name`, and the states that end one without a name. */
const taskCodes: Readonly<Record<string, CodeRow>> = {
  ImageLoadError: refused('an image cannot be loaded from its URL', imageRemedy),
  ContentModerationError: refused('input or result do not pass the content check', imageRemedy),
  NSFWError: refused('input or result do not pass the content check', imageRemedy),
  PoseError: refused('the pose of the person cannot be found', imageRemedy),
  PhotoTypeError: refused('the type of the garment photo cannot be found', 'give garment_photo_type'),
  LoRALoadError: refused('the LoRA weights cannot be loaded', 'check the request'),
  InputValidationError: refused('the input is invalid', 'check the request'),
  PipelineError: failed('the model failed'),
  ThirdPartyError: failed('a service that the vendor uses failed'),
  '3rdPartyProviderError': failed('a service that the vendor uses failed'),
  InternalServerError: failed('the platform failed'),
  canceled: failed('the prediction was cancelled'),
  time_out: failed('the prediction took too long'),
};

const statusWords: Readonly<Record<string, SubTaskStatus>> = {
  starting: 'submitted',
  in_queue: 'submitted',
  processing: 'running',
  completed: 'finished',
  failed: 'failed',
  canceled: 'failed',
  cancelled: 'failed',
  time_out: 'failed',
};

/** One sub-task with all images. */
const readSubTasks = (
  output: unknown,
  status: SubTaskStatus,
  imageIds: Parameters<VendorApi['parse']>[1],
): SubTaskReply[] => {
  const images = imagesOfUrls(Array.isArray(output) ? output : [output], imageIds);
  return images.length === 0 ? [] : [{ index: 0, status, images }];
};

const readTask = (top: Fields, word: string | undefined, imageIds: Parameters<VendorApi['parse']>[1]): TaskReply => {
  const status = statusOfWord(word, statusWords);
  const error = fieldsOfNode(top.get('error'));
  const message = textIn(error, ['message'], textLimits.message) ?? textIn(top, ['error'], textLimits.message);
  return defined({
    taskId: textIn(top, ['id']),
    status,
    vendorStatus: word,
    code: textIn(error, ['name']) ?? (status === 'failed' ? word?.toLowerCase() : undefined),
    message,
    subTasks: readSubTasks(top.get('output'), status, imageIds),
  });
};

const parse: VendorApi['parse'] = (body, imageIds) => {
  const top = fieldsOfNode(body);
  if (top === undefined) return undefined;
  const word = textIn(top, ['status']);
  const hasTask = word !== undefined || top.get('output') !== undefined || textIn(top, ['id']) !== undefined;
  return defined({
    kind: 'answer' as const,
    // With a status, a text in `error` is why the prediction failed.
    gatewayCode: word === undefined ? textIn(top, ['error']) : undefined,
    gatewayMessage: textIn(top, ['message'], textLimits.message),
    task: hasTask ? readTask(top, word, imageIds) : undefined,
  });
};

/**
 * `tryon-v1.6`, and every other model of `POST /v1/run` that gives images. The request is the body as documented: `{ model_name, inputs }`.
 * Leave `inputs.return_base64` out: image data in place is no image here, since no event could carry it.
 *
 * A prediction is one sub-task with all its images: they come together, and `output[]` has no states of its own.
 *
 * Documented: paths, states, `id`, `output[]`, `error { name, message }`, URLs for 72 hours (API fundamentals; npm `fashn` 0.11.1,
 * `PredictionStatusResponse`); names of errors (error handling; `NSFWError` and `PhotoTypeError` are of its older page); 50 runs a minute, 50
 * status calls in 10 s, 6 predictions at once (API fundamentals). There is no call to cancel or list (a remark in the npm client).
 * Inferred: that a name without a row means what its HTTP status says; how long `RateLimitExceeded` lasts; the prior, from the 5, 8, and 12
 * to 17 seconds that the page of `tryon-v1.6` gives for its three modes.
 * Tolerated: states in any case, `cancelled`, `output` as one URL, `error` as a text beside a status.
 * Not documented, so absent: how long a prediction is known.
 * @see https://docs.fashn.ai/api-overview/api-fundamentals
 * @see https://docs.fashn.ai/api-overview/error-handling
 */
export const fashnApi: ApiDescriptor = {
  name: 'fashn',
  vendor: 'fashn',
  poll: (taskId) => ({ method: 'GET', path: `/v1/status/${encodeURIComponent(taskId)}` }),
  submit: (json) => ({ method: 'POST', path: '/v1/run', json }),
  facts: {
    isSubmitSafeToRepeat: false,
    canListTasks: false,
    urlLifeSeconds: 259_200,
    prior: { medianSeconds: 8, p95Seconds: 20 },
  },
  gatewayCodes,
  serviceCodes: {},
  taskCodes,
  ...apiKeyTables({ prefix: 'FASHN_', keyFiles: 'FASHN_API_KEY_FILE' }),
  unknownCode: { class: 'transient', description: 'an undocumented code' },
  notFoundMessages: [],
  throttleMessages: [],
  statusWords,
  parse,
};
