/** Helpers that read requests. Pure. */
import type { EmulatedAccount } from '../accounts.js';
import type { RawRequest } from '../gateway.js';
import type { SubmitRequest } from '../submit.js';
import type { AdmissionRules } from './face.js';

/** Longest task id. A guess: no vendor states a limit, their ids are UUIDs. It keeps the log small. */
const maxTaskIdLength = 200;

/** A task id of a request. */
export function readTaskId(value: unknown): string | undefined {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return text === '' || text.length > maxTaskIdLength ? undefined : text;
}

/** The decoded part of a path; `undefined` if it cannot be decoded. */
export function decodedPart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** Whether a value is text with something in it. */
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The account whose API key the request has in `Authorization`. @param word - before the key, in lower case */
export function accountOfKey(
  word: string,
  { headers }: RawRequest,
  { accounts, strict }: AdmissionRules,
): EmulatedAccount | undefined {
  const [, scheme, value] = /^(\S+) +(\S+) *$/.exec(String(headers.authorization ?? '')) ?? [];
  const key = scheme?.toLowerCase() === word ? value : undefined;
  const account = key === undefined ? undefined : accounts.find(({ apiKey }) => apiKey === key);
  return account ?? (strict ? undefined : accounts[0]);
}

/** The account whose API key the request has as a Bearer token. */
export const accountOfBearer = (raw: RawRequest, rules: AdmissionRules): EmulatedAccount | undefined =>
  accountOfKey('bearer', raw, rules);

/** What a submit of FASHN's model asks for, at FASHN and at fal; or the problem with its inputs. */
export function readFashnInputs(inputs: Readonly<Record<string, unknown>>): SubmitRequest | string {
  const { model_image: person, garment_image: garment, num_samples: samples = 1 } = inputs;
  if (!isText(person) || !isText(garment)) return 'model_image and garment_image are required';
  const isCount = Number.isInteger(samples) && Number(samples) >= 1 && Number(samples) <= 4;
  if (!isCount) return 'num_samples must be 1 to 4';
  return { subTasks: [{ imageCount: Number(samples), clothes: garment }] };
}
