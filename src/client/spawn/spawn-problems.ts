/** More than one mistake in what is to be spawned, each a BjobError of its own. Apart from what finds them: every command can tell of them. */
import { BjobError } from '../../core/text/errors.ts'

export class SpawnProblems extends BjobError {
  readonly problems: readonly BjobError[]

  constructor(problems: readonly BjobError[]) {
    super('request', 'bad-records', `${problems.length} errors; nothing was spawned`)
    this.problems = problems
  }
}
