/** Parses and checks a submit's parameter, by the limits of the submit pages. Pure. */

/** A valid submit: one sub-task for each object of the parameter. */
export interface SubmitRequest {
  readonly subTasks: readonly { readonly imageCount: number; readonly clothes?: string }[];
}

/** A guess: the vendor states no limit. It keeps the answers to one task small. */
const maxSubTasks = 100;

const types = { tryon: ['tops', 'outwears', 'dresses'], 'tryon-pro': ['tops', 'bottoms', 'dresses'] } as const;

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value; // one of the vendor's own examples sends an array
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** The problem with one object of the parameter, or `undefined`. */
function problemOf(request: Record<string, unknown>, api: keyof typeof types): string | undefined {
  const { clothesList, modelImage, generateCount } = request;
  if (!Array.isArray(clothesList) || clothesList.length === 0) return 'clothesList is required';
  const max = api === 'tryon' ? 1 : 2;
  if (clothesList.length > max) return `clothesList takes up to ${max}`;
  const words: unknown[] = [];
  for (const clothes of clothesList as unknown[]) {
    if (!isObject(clothes) || typeof clothes.imageUrl !== 'string') return 'clothesList.imageUrl is required';
    const { type } = clothes;
    if (type !== undefined && !(types[api] as readonly unknown[]).includes(type)) return 'clothesList.type is invalid';
    words.push(type);
  }
  if (words.length === 2 && !(words.includes('tops') && words.includes('bottoms'))) {
    return 'two clothes must be one tops and one bottoms';
  }
  if (modelImage !== undefined && (!Array.isArray(modelImage) || modelImage.length > 8)) {
    return 'modelImage takes up to 8';
  }
  const count = ['number', 'string'].includes(typeof generateCount) ? Number(generateCount) : Number.NaN;
  if (generateCount === undefined) return undefined;
  return Number.isInteger(count) && count >= 1 && count <= 8 ? undefined : 'generateCount must be 1 to 8';
}

/**
 * Parses `requestParams` or `paramJson`.
 * @param imagesPerSubTask - used if the request has no `generateCount`
 * @returns the request, or the problem as text
 */
export function readSubmit(
  business: Readonly<Record<string, unknown>>,
  api: 'tryon' | 'tryon-pro',
  imagesPerSubTask: number,
): SubmitRequest | string {
  const text = api === 'tryon' ? business.requestParams : (business.paramJson ?? business.requestParams);
  if (text === undefined || text === '') return `${api === 'tryon' ? 'requestParams' : 'paramJson'} is required`;
  const value = parsed(text);
  const requests = Array.isArray(value) ? (value as unknown[]) : [value]; // one example of the vendor sends a bare object
  if (requests.length === 0 || !requests.every(isObject)) {
    return 'the parameter is not the JSON text of an array of objects';
  }
  if (requests.length > maxSubTasks) return `the parameter takes up to ${maxSubTasks} objects`;
  const problem = requests.map((request) => problemOf(request, api)).find((text) => text !== undefined);
  if (problem !== undefined) return problem;
  return {
    subTasks: requests.map(({ clothesList, generateCount }) => ({
      imageCount: generateCount === undefined ? imagesPerSubTask : Number(generateCount),
      clothes: String((clothesList as { imageUrl: string }[])[0]?.imageUrl),
    })),
  };
}
