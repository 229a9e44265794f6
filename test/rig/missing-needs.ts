/**
 * A reporter: lists the tests that were skipped because this machine lacks what they need
 * (needs.ts). With BJOB_TEST_REQUIRE_ALL=1, for a machine that is to have everything, the run then
 * fails.
 */
import type { Reporter, TestModule } from 'vitest/node'

export class MissingNeeds implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const byNeed = new Map<string, string[]>()
    let count = 0
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const { missing } = test.meta()
        if (missing === undefined) continue
        count += 1
        const need = missing.join(', ')
        byNeed.set(need, [...(byNeed.get(need) ?? []), `${module.relativeModuleId} > ${test.fullName}`])
      }
    if (count === 0) return
    const lines = [...byNeed].flatMap(([need, tests]) => [`  no ${need}`, ...tests.map((name) => `    ${name}`)])
    const isFailure = process.env['BJOB_TEST_REQUIRE_ALL'] === '1'
    if (isFailure) process.exitCode = 1
    const verdict = isFailure ? 'FAILED: BJOB_TEST_REQUIRE_ALL is set, and' : 'Here'
    process.stdout.write(`${verdict} ${count} tests were skipped for what this machine lacks:\n${lines.join('\n')}\n\n`)
  }
}
