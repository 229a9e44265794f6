import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['unit/**/*.test.ts', 'site/**/*.test.ts', 'e2e/**/*.test.ts', 'tidy.test.ts'],
    globalSetup: ['rig/build.ts'],
    // A run of the real command on a loaded two-core machine; a test that hangs is told apart from a slow one by its own deadline.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Loading modules anew for each file took two thirds of the unit tests' time. No module keeps anything that one file's tests could leave to another's.
    isolate: false,
    // Tests start processes of their own, several each: more files at once than cores would only make each slower.
    maxWorkers: 2,
  },
})
