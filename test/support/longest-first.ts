/** Starts the files that take longest first: none of them is then left to run alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first, those of a quarter of a minute and more. */
const longest = [
  'server/soak',
  'server/limits',
  'server/client-cli',
  'server/ui',
  'server/codec',
  'server/cli-terminal',
  'server/languages',
  'server/observability',
  'server/interleavings',
  'server/wait',
  'server/actions',
  'server/client',
  'time/faults',
  'server/learning',
  'server/client-demo',
  'time/interleavings',
  'server/plugin',
  'server/nexus',
  'server/fresh-project',
  'package/pack',
  'observability/alerts',
  'server/faults',
  'server/secrets',
  'server/kill',
  'server/python',
  'server/faults-alone',
  'server/hostile',
  'server/codec-languages',
  'server/slow-worker',
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
