/** Which cases the emulator shows. */
import type { ApiName } from '../../../src/contract.js';
import { faces } from '../../../src/emulator/faces/faces.js';
import { featuresOf } from '../../../src/emulator/faces/features.js';
import type { Step } from '../../../src/testing.js';

/** Why the face of an API cannot show a case: there is none, or it refuses the script, or shows something else in its place. */
export const limitOf = (api: ApiName, script: Step): string | undefined => {
  const face = faces.find(({ apis }) => apis.includes(api));
  if (face === undefined) return 'the emulator has no face for this API';
  const limits = featuresOf(script).flatMap((feature) => face.limits?.[feature] ?? []);
  return limits.map((limit) => ('refused' in limit ? limit.refused : limit.nearest))[0];
};
