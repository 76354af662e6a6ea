import { defineConfig } from 'vitest/config'

const slow = { testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false }

export default defineConfig({
  test: {
    // A cluster is removed after its tests.
    teardownTimeout: 120_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{apps,packages,deploy}/**/src/**/*.test.ts',
            'test/{simulation,boundaries,repository}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/*.real.test.ts', '**/*.cluster.test.ts'],
          // Nothing works at import time, so files may share one process: twice as fast.
          isolate: false,
          // Some start a program, which takes seconds on a busy computer.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: [
            '{apps,packages,deploy}/**/src/**/*.real.test.ts',
            'test/{integration,services}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**'],
          ...slow,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['{apps,packages,deploy}/**/*.cluster.test.ts', 'test/cluster/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['test/cluster/global-setup.ts'],
          ...slow,
          // KubeVirt takes minutes for what takes seconds, when the computer is busy.
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'acceptance',
          include: ['test/acceptance/specs/**/*.test.ts'],
          globalSetup: ['test/acceptance/support/global-setup.ts'],
          ...slow,
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'acceptance-services',
          include: ['test/acceptance/specs/**/*.test.ts'],
          globalSetup: ['test/acceptance/support/global-setup-services.ts'],
          ...slow,
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          ...slow,
          testTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'crash-services',
          // A full disk and killed machines know nothing of what the platform stands on.
          include: ['test/crash/{kill-paper,outages}.test.ts'],
          globalSetup: ['test/crash/support/global-setup-services.ts'],
          ...slow,
          testTimeout: 900_000,
        },
      },
    ],
  },
})
