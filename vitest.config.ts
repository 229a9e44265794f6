/** The test suites. `unit` needs no build; the others first build what is out of date. */
import { defineConfig } from 'vitest/config'
import { breakOnPurpose } from './test/survival/mutant.ts'

const root = new URL('test', import.meta.url).pathname
const globalSetup = ['rig/build.ts']

export default defineConfig({
  test: {
    // Most tests start several processes: more files at once than cores would only make each slower.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          root,
          include: ['unit/**/*.test.ts', 'tidy.test.ts'],
          // Loading modules for each file took two thirds of the time, and none keeps state.
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          root,
          include: ['e2e/**/*.test.ts', 'site/**/*.test.ts'],
          globalSetup,
          isolate: false,
          // The real command, on a loaded machine with two cores.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // SURVIVAL_BREAK=NAME breaks the code on purpose (see mutant.ts).
        plugins: [breakOnPurpose(process.env['SURVIVAL_BREAK'])],
        test: {
          name: 'survival',
          root,
          include: ['survival/*.test.ts'],
          globalSetup,
          setupFiles: ['survival/setup.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          root,
          include: ['browser/*.test.ts'],
          globalSetup,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Its rigs take the whole machine: one file at a time, and never beside other suites.
        test: {
          name: 'cluster',
          root,
          include: ['cluster/*.test.ts'],
          globalSetup,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
