/** How each vendor API spells the cases: one row for each descriptor. */
import { aidgeProSpelling, aidgeSpelling } from './aidge.js';
import { aidge2026Spelling } from './aidge-2026.js';
import type { Spelling } from './cases.js';
import { dashScopeSpelling } from './dashscope.js';
import { falSpelling } from './fal.js';
import { fashnSpelling } from './fashn.js';

export const spellings: readonly Spelling[] = [
  aidgeSpelling,
  aidgeProSpelling,
  aidge2026Spelling,
  dashScopeSpelling,
  fashnSpelling,
  falSpelling,
];
