import { defineConfig } from 'vitest/config';

// Three groups, run one after the other. Only a group that has files to run gets its server, so `npx vitest run test/core`
// starts nothing. Time skipping holds for a whole server at once, so there files run one by one; those on the real server run two at a
// time, each on task queues of its own.
// In CI a test that meets a slow moment of two shared cores gets a second chance; one that is wrong fails each time.
const withServer = { testTimeout: 120_000, hookTimeout: 120_000, retry: process.env.CI ? 2 : 0 };
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
          ...withServer,
          name: 'time',
          fileParallelism: false,
          include: ['test/time/**/*.test.ts'],
          setupFiles,
          globalSetup: ['test/support/time-skipping.setup.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...withServer,
          name: 'server',
          maxWorkers: 2,
          include: ['test/server/**/*.test.ts'],
          setupFiles,
          globalSetup: ['test/support/dev-server.setup.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
