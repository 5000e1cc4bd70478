/** All faces. The first that can read a request answers it. */
import type { ApiName } from '../../contract.js';
import { aidgeFace } from './aidge.js';
import { aidge2026HttpFace, aidge2026RpcFace } from './aidge-2026.js';
import { dashscopeFace } from './dashscope.js';

import type { Face } from './face.js';
import { falFace, falStatusFace } from './fal.js';
import { fashnFace } from './fashn.js';

/** In the order in which they are offered a request. */
export const faces: readonly Face[] = [
  dashscopeFace,
  fashnFace,
  falFace,
  falStatusFace,
  aidge2026RpcFace,
  aidge2026HttpFace,
  aidgeFace,
];

/** The face that shows the tasks of an API. */
export function faceOf(api: ApiName): Face {
  const face = faces.find(({ apis }) => apis.includes(api));
  if (face === undefined) throw new RangeError(`the emulator has no face for ${api}`);
  return face;
}
