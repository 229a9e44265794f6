/**
 * Changes one job again and again, each time with an entry of its own in the history, and prints
 * each entry once it is made. Arguments: the site, the job, a label, how many, and `lock` or
 * `no-lock` (as if every process held the lock at once).
 */
import fs from 'node:fs'
import { toEvent } from '../../../src/core/index/journal-events.ts'
import type { JobState } from '../../../src/core/life/job-state.ts'
import { changeJob } from '../../../src/site/job/jobs.ts'
import { commitState } from '../../../src/site/job/revision.ts'
import { openTree } from '../../../src/site/site.ts'

async function main([root = '', id = '', label = '', count = '', mode = '']: readonly string[]): Promise<void> {
  const site = await openTree(root, {})
  const paths = site.layout.job(id)
  for (let at = 0; at < Number(count); at++) {
    const message = `${label}-${at}`
    const decide = (current: JobState): JobState => ({
      ...current,
      revision: current.revision + 1,
      history: [...current.history, { time: new Date().toISOString(), state: current.state, message }],
    })
    const announce = (next: JobState, current: JobState) =>
      site.journal.announce(toEvent(id, next, current.history.length))
    const made =
      mode === 'lock' ? await changeJob(site, id, decide) : await commitState(site.disk, paths, { decide, announce })
    fs.writeSync(1, `${made?.revision} ${message}\n`)
  }
  await site.close()
}

void main(process.argv.slice(2))
