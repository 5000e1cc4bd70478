/** The virtual try-on API, as data. Safe in the workflow sandbox. */
import type { ApiDescriptor } from '../descriptor.js';
import { gatewayCodes, httpStatuses, throttleMessages, transportCodes } from './codes.js';
import { parseEnvelope } from './envelope.js';

const imageRemedy = 'submit again with another garment image';
const contentRemedy = 'submit again with other images';

/** The vendor takes a list of requests. */
const listOf = (json: string): string => (json.trimStart().startsWith('[') ? json : `[${json}]`);

const statusWords = { submitted: 'submitted', running: 'running', finished: 'finished', failed: 'failed' } as const;

/**
 * `POST /ai/virtual/tryon-results` and the two submit calls.
 * @see https://docs.aidc-ai.com/aidge-resource/ "Virtual Try-On Query API Reference". The service codes come from all versions of that
 *   page and from the submit page. The list is incomplete, and other Aidge APIs give the numbers other meanings.
 */
export const tryOnApi: ApiDescriptor = {
  name: 'tryon',
  vendor: 'aidge',
  poll: (taskId) => ({ method: 'POST', path: '/ai/virtual/tryon-results', parameters: { task_id: taskId } }),
  submit: (json) => ({ method: 'POST', path: '/ai/virtual/tryon', parameters: { requestParams: listOf(json) } }),
  facts: { isSubmitSafeToRepeat: false, canListTasks: false },
  gatewayCodes,
  serviceCodes: {
    '200': { class: 'ok', description: 'success' },
    '500': { class: 'transient', description: 'system error' },
    '501': { class: 'throttled', description: 'rate limit exceeded', remedy: 'lower AIDGE_QUERIES_PER_SECOND' },
    '700': { class: 'refused', description: 'invalid input; the message has the details', remedy: 'check the request' },
    // The image host may be slow: one more poll.
    '701': {
      class: 'refused',
      retries: 1,
      description: 'the garment image could not be downloaded',
      remedy: imageRemedy,
    },
    '703': { class: 'refused', description: 'the garment image is too small', remedy: imageRemedy },
    '707': { class: 'refused', description: 'the garment image is not a complete flat lay', remedy: imageRemedy },
    '801': { class: 'failed', description: 'the model failed', remedy: 'submit again' },
    '900': { class: 'transient', description: 'internal error' },
    '1000': { class: 'refused', description: 'sensitive content', remedy: contentRemedy },
    // The page says to try again. If the code stays, the task has failed.
    '1001': { class: 'refused', retries: 5, description: 'the content check failed', remedy: contentRemedy },
    '1002': { class: 'refused', retries: 1, description: 'the content filter failed', remedy: 'ask the vendor' },
  },
  httpStatuses,
  transportCodes,
  // An unknown code must not end the wait for a paid task; the wait's deadline bounds it.
  unknownCode: { class: 'transient', description: 'an undocumented code' },
  // The vendor does not document its answer to an unknown or expired id.
  notFoundMessages: [
    /\btask(?:[ _-]?id)?\b[^.;\n]{0,80}\b(?:not (?:be )?(?:found|exist)|(?:does|do|did)(?: not|n't) exist|no longer exist|has expired|is expired|is unknown)/i,
    /\btask[ _-]?(?:id)?[ _-]?(?:not[ _-]?(?:found|exists?)|expired)\b/i,
    /\b(?:no such|unknown|non-?existent|expired|(?:can ?not|can't|could not|couldn't) find(?: the| any)?) task\b/i,
    /任务\s*(?:id)?\s*(?:不存在|未找到|已过期|已失效)/i,
    /(?:找不到|未找到|不存在)(?:该|此|对应的?)?任务/,
  ],
  throttleMessages,
  statusWords,
  parse: (body, imageIds) => parseEnvelope(body, { imageIds, statusWords }),
};

/** The newer submit call, with two garments. Its tasks are polled like the others. */
export const tryOnProApi: ApiDescriptor = {
  ...tryOnApi,
  name: 'tryon-pro',
  submit: (json) => ({ method: 'POST', path: '/ai/virtual/tryon-pro', parameters: { paramJson: listOf(json) } }),
};
