/** The requests of the demo: one shape for each vendor API, as its pages document it. Pure. */
import type { ApiName, ListingTaskByRequest } from '../contract.js';
import { CliError, exitCodes } from './exit.js';

const GARMENTS = ['summer dress', 'linen shirt', 'denim jacket', 'wool coat', 'silk blouse'] as const;
const MODEL_URL = 'https://img.example/model.jpg';
/** Images of a sub-task, and of a prediction. */
const IMAGES = 4;

/** Two sub-tasks, as `tryon` and `tryon-pro` take them. */
const twoSubTasks = (imageUrl: string) => {
  const subTask = { clothesList: [{ imageUrl, type: 'tops' }], generateCount: IMAGES };
  return [subTask, subTask];
};

/** The request for one garment, by API. */
const requests: Readonly<Partial<Record<ApiName, (imageUrl: string) => unknown>>> = {
  tryon: twoSubTasks,
  'tryon-pro': twoSubTasks,
  'aidge-2026': (imageUrl) => ({
    ClothImageUrl: imageUrl,
    ClothType: 'tops',
    ModelImageUrl: MODEL_URL,
    Resolution: '1K',
  }),
  dashscope: (imageUrl) => ({
    model: 'aitryon-plus',
    input: { top_garment_url: imageUrl, person_image_url: MODEL_URL },
  }),
  fashn: (imageUrl) => ({
    model_name: 'tryon-v1.6',
    inputs: { garment_image: imageUrl, model_image: MODEL_URL, num_samples: IMAGES },
  }),
};

/**
 * The tasks of the demo's listing: one for each API in turn.
 * @param count - how many tasks
 * @throws {CliError} for an API that the demo has no request for
 */
export function demoTasks(listingId: string, apis: readonly ApiName[], count: number): ListingTaskByRequest[] {
  const shapes = apis.map((api) => {
    const request = requests[api];
    if (request !== undefined) return { api, request };
    throw new CliError(`--api has ${api}; give names of ${Object.keys(requests).join(', ')}`, exitCodes.usage);
  });
  return Array.from({ length: count }, (_, k) => k).flatMap((k) => {
    const shape = shapes[k % shapes.length];
    if (shape === undefined) return [];
    const garmentId = `${GARMENTS[k % GARMENTS.length]}${count > GARMENTS.length ? ` ${k + 1}` : ''}`;
    const request = shape.request(`https://img.example/${encodeURIComponent(garmentId)}.jpg`);
    return { requestId: `${listingId}-${k + 1}`, request, api: shape.api, garmentId };
  });
}
