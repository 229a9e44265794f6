import { defineConfig } from 'vitest/config'
import { breakOnPurpose } from './mutant.ts'

/** SURVIVAL_LONG=1 or SURVIVAL_MINUTES=n makes the random parts longer; SURVIVAL_BREAK=NAME breaks the code on purpose (see mutant.ts). */
export default defineConfig({
  plugins: [breakOnPurpose(process.env['SURVIVAL_BREAK'])],
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: ['../rig/build.ts'],
    setupFiles: ['setup.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
