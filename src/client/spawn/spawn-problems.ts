/**
 * Several errors of a spawn, each a BjobError. In a file of its own, because every command may
 * print them.
 */
import { BjobError } from '../../core/text/errors.ts'

export class SpawnProblems extends BjobError {
  readonly problems: readonly BjobError[]

  constructor(problems: readonly BjobError[]) {
    super('request', 'bad-records', `${problems.length} errors; nothing was spawned`)
    this.problems = problems
  }
}
