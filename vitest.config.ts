import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/longest-first.js';

// The pure tests first, then those with a server: these wait much, so they run one file more at a time than a small machine has cores.
// Only a group that has files to run gets its server, so `npx vitest run test/poll` starts nothing. On the real server each file has task
// queues of its own; time is skipped for a whole server, so there each file has a server of its own.
// In CI a test that meets a slow moment of two shared cores gets a second chance; one that is wrong fails each time.
const withServer = {
  maxWorkers: 3,
  sequence: { groupOrder: 1 },
  testTimeout: 120_000,
  hookTimeout: 120_000,
  retry: process.env.CI ? 2 : 0,
};
// Those that need more than Node.js, or take long: `npm run test:quick` leaves them out.
export const withPrograms = [
  'test/archive/label.test.ts',
  'test/cli/{completion,contact-sheet-browser,program,vendor-commands}.test.ts',
  'test/emulator/conformance{,-vendors}.test.ts',
  'test/faults/cost.test.ts',
  'test/hostile/fuzz.test.ts',
  'test/observability/{alerts,deploy,traced-replay}.test.ts',
  'test/package/{api-docs,ci,docs-code,kubernetes-schemas,pack}.test.ts',
  'test/providers/sign-blank.test.ts',
  'test/replay/patching.test.ts',
  'test/schedule/schedule-optimum.test.ts',
];
const setupFiles = ['test/support/clean-env.ts'];
const withoutServer = {
  setupFiles,
  testTimeout: 30_000,
  hookTimeout: 60_000,
  maxWorkers: Math.max(2, availableParallelism() - 1),
  sequence: { groupOrder: 0 },
};
const withWorkers = [...setupFiles, 'test/support/share-bundles.ts'];

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...withoutServer,
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: ['test/time/**', 'test/server/**', ...withPrograms],
        },
      },
      { test: { ...withoutServer, name: 'programs', include: withPrograms } },
      {
        test: {
          ...withServer,
          name: 'time',
          include: ['test/time/**/*.test.ts'],
          setupFiles: withWorkers,
          globalSetup: ['test/support/built.setup.ts', 'test/support/time-skipping.setup.ts'],
        },
      },
      {
        test: {
          ...withServer,
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          setupFiles: withWorkers,
          globalSetup: ['test/support/built.setup.ts', 'test/support/dev-server.setup.ts'],
        },
      },
    ],
  },
});
