/** Starts the files that take longest first: none of them is then left to run alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first, those of half a minute and more. */
const longest = [
  'server/languages',
  'server/limits',
  'server/client-cli',
  'server/cli-terminal',
  'server/ui',
  'server/codec',
  'server/observability',
  'time/faults',
  'server/client',
  'server/client-demo',
  'server/kill',
  'server/wait',
  'server/learning',
  'server/listing',
  'server/faults',
  'server/plugin',
  'server/fresh-project',
  'package/pack',
  'cli/program',
  'cli/vendor-commands',
].map((name) => `/test/${name}.test.ts`);

const rank = ({ moduleId }: TestSpecification): number => {
  const at = longest.findIndex((end) => moduleId.endsWith(end));
  return at < 0 ? longest.length : at;
};

/** The order of Vitest's own for all others. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
