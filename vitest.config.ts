import { defineConfig } from 'vitest/config';

// Three groups, run one after the other. Only a group that has files to run gets its server, so `npx vitest run test/core`
// starts nothing. Time skipping holds for a whole server at once, and the real server shares two cores with its workers: both
// run file by file.
// In CI a test that meets a slow moment of two shared cores gets a second chance; one that is wrong fails twice.
const serial = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000, retry: process.env.CI ? 2 : 0 };
const setupFiles = ['test/support/clean-env.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: ['test/time/**', 'test/server/**'],
          setupFiles,
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...serial,
          name: 'time',
          include: ['test/time/**/*.test.ts'],
          setupFiles,
          globalSetup: ['test/support/time-skipping.setup.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...serial,
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          setupFiles,
          globalSetup: ['test/support/dev-server.setup.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
