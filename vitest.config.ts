/** The test suites. `unit` needs no build; the others first build what is out of date. */
import { defineConfig } from 'vitest/config'
import { MissingNeeds } from './test/rig/missing-needs.ts'
import { breakOnPurpose } from './test/survival/mutant.ts'

const root = new URL('test', import.meta.url).pathname
const globalSetup = ['rig/build.ts']
// A test that asserts nothing would pass when it does nothing.
const expect = { requireAssertions: true }

export default defineConfig({
  test: {
    reporters: ['default', new MissingNeeds()],
    // A test of real commands waits for a quarter of its time.
    maxWorkers: 4,
    projects: [
      {
        test: {
          name: 'unit',
          root,
          expect,
          include: ['unit/**/*.test.ts', 'tidy.test.ts', 'english.test.ts'],
          // Loading modules for each file took two thirds of the time, and none keeps state.
          isolate: false,
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e',
          root,
          // No `expect`: tests that run at once in one file share the count.
          include: ['e2e/**/*.test.ts'],
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
          expect,
          include: ['survival/**/*.test.ts'],
          globalSetup,
          setupFiles: ['survival/setup.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 3_600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          root,
          expect,
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
          expect,
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
