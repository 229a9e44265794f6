import { defineConfig } from 'vitest/config'

/** The rigs of this folder take the machine for themselves: one file after the other, and never with the other tests. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: ['../rig/build.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
})
