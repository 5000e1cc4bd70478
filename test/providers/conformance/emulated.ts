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

/** The faces answer a code that their vendor does not document with HTTP 400. */
const strangeCode = {
  expected: { meaning: 'refused', wait: 'goes on' },
  why: 'the emulator gives it HTTP 400: `refused`, but polled again for a quarter of an hour',
} as const;

/** Cases that come to something else when the emulator shows them, by API and case. */
export const emulatedDiffers: Readonly<
  Record<string, Readonly<Partial<Record<string, { readonly expected: object; readonly why: string }>>>>
> = {
  dashscope: { strangeCode },
  fashn: { strangeCode },
  // As in the vendor's own spelling: a result that is not there yet does not say whether the task has begun.
  fal: {
    submitted: {
      expected: { meaning: 'running' },
      why: 'a result that is not ready does not say whether the task has begun',
    },
  },
};
