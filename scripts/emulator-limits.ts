/** The table of `docs/emulator.md` of what the emulator's faces cannot show as scripted. */
import { faceOf } from '../src/emulator/faces/faces.js';
import { type Feature, featuresOf } from '../src/emulator/faces/features.js';
import { behaviours } from '../src/testing.js';

/** The APIs with a column; `tryon` shows everything. */
export const limitedApis = ['aidge-2026', 'dashscope', 'fashn', 'fal'] as const;
type Api = (typeof limitedApis)[number];

/** What faces cannot show, and the behaviours that ask for it. */
function table(): string {
  const asking = new Map<Feature, string[]>();
  for (const [name, { steps }] of Object.entries(behaviours)) {
    for (const feature of new Set(steps.flatMap(featuresOf))) {
      asking.set(feature, [...(asking.get(feature) ?? []), name]);
    }
  }
  const cell = (api: Api, feature: Feature): string => {
    const limit = faceOf(api).limits?.[feature];
    if (limit === undefined) return 'as scripted';
    return 'refused' in limit ? `refused: ${limit.refused}` : `nearest: ${limit.nearest}`;
  };
  const rows = [...asking].map(([feature, names]) => [
    feature,
    names.map((name) => `\`${name}\``).join(', '),
    ...limitedApis.map((api) => cell(api, feature)),
  ]);
  const limited = rows.filter((cells) => cells.slice(2).some((text) => text !== 'as scripted'));
  const head = ['feature', 'behaviours', ...limitedApis.map((api) => `\`${api}\``)];
  return [head, head.map(() => '---'), ...limited].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * The page with the table as the faces give it now.
 * @throws if the page has no such table
 */
export function withLimits(page: string): string {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => line.startsWith('| feature | behaviours |'));
  if (from < 0) throw new Error('docs/emulator.md has no table of features');
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'));
  return [...lines.slice(0, from), ...table().split('\n'), ...lines.slice(from + length)].join('\n');
}
