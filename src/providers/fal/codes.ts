/**
 * What the codes of fal mean.
 * @see https://docs.fal.ai/documentation/model-apis/request-errors
 * @see https://docs.fal.ai/errors
 */
import type { CodeRow } from '../../poll/reply.js';

const refused = (description: string, remedy: string): CodeRow => ({ class: 'refused', description, remedy });
const failed = (description: string): CodeRow => ({ class: 'failed', description, remedy: 'submit again' });
const input = 'give another image';

/** Our words for replies that show a task under the HTTP status of an error: a code of class `ok` makes the task count, not the status. */
export const shown = { pending: 'still in progress', failed: 'request failed' } as const;
/** Our words for errors without a code, or with one that has no row. */
export const ours = { locked: 'user_locked', model: 'model_error' } as const;

/** `error_type` of a call, `type` of a model's error, `status` of a refused cancellation. */
export const gatewayCodes: Readonly<Record<string, CodeRow>> = {
  [shown.pending]: { class: 'ok', description: 'the request is not complete' },
  [shown.failed]: { class: 'ok', description: 'the request failed' },
  [ours.locked]: { class: 'quota', description: 'the account is locked', remedy: 'top up, or ask fal to unlock it' },
  [ours.model]: refused('the model refused the input', 'check the request'),
  internal_error: { class: 'transient', description: 'the platform failed' },
  bad_request: refused('the request is malformed', 'check the request'),
  content_policy_violation: refused('the content check refused an input', input),
  no_media_generated: refused('the model made no image', 'change the inputs'),
  image_load_error: refused('an image cannot be read', input),
  image_too_small: refused('an image is too small', input),
  image_too_large: refused('an image is too large', input),
  face_detection_error: refused('no face was found', input),
  file_download_error: refused('an image cannot be downloaded', 'make its URL public'),
  file_too_large: refused('a file is too large', input),
  ALREADY_COMPLETED: refused('the request is complete', 'read its result'),
  NOT_FOUND: { class: 'notFound', description: 'there is no such request' },
};

/** Why a request failed after the queue's own retries, and errors of models that are not the input's. */
export const taskCodes: Readonly<Record<string, CodeRow>> = {
  request_timeout: failed('the request took too long'),
  startup_timeout: failed('no runner started in time'),
  runner_scheduling_failure: failed('there was no runner'),
  runner_connection_timeout: failed('the runner did not answer'),
  runner_disconnected: failed('the runner broke off'),
  runner_connection_refused: failed('the runner did not answer'),
  runner_connection_error: failed('the runner did not answer'),
  runner_incomplete_response: failed('the runner broke off'),
  runner_server_error: failed('the runner failed'),
  client_disconnected: failed('the request was given up'),
  client_cancelled: failed('the request was cancelled'),
  internal_server_error: failed('the model failed'),
  generation_timeout: failed('the model took too long'),
  downstream_service_error: failed('a service behind the model failed'),
  downstream_service_unavailable: failed('a service behind the model failed'),
};
