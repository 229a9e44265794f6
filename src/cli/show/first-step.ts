/** `bjob` alone: the state of the site, and the next steps. */
import type { SiteClient } from '../../client/site-client.ts'
import { shownState } from '../../core/index/job-entry.ts'
import { BjobError } from '../../core/text/errors.ts'
import { END_STATES, isEnded } from '../../core/life/states.ts'
import { countOf } from '../../lib/text/count-of.ts'
import { listApplications } from '../../site/applications.ts'
import type { Session } from '../command/command.ts'
import { FIRST_SITE, type NextStep, nextSteps } from './next-step.ts'

const HELP: NextStep = ['bjob --help', 'all commands']

export async function showFirstStep(session: Session): Promise<void> {
  const { terminal } = session
  const client = await openOrNothing(session)
  if (client === undefined) {
    await terminal.line('No site here. A site is the folder that holds jobs, settings and results.')
    return showSteps([[FIRST_SITE, 'make a site'], HELP], session)
  }
  const applications = await listApplications(client.site.disk, client.site.layout)
  const entries = await client.jobs.entries()
  const states = entries.map(shownState)
  const counts = [
    [states.filter((state) => state !== 'BROKEN' && !isEnded(state)).length, 'to run'] as const,
    ...[...END_STATES, 'BROKEN'].map((name) => [states.filter((state) => state === name).length, name] as const),
  ]
  const told = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  await terminal.line(
    `Site ${client.root}: ${countOf(applications.length, 'application')}, ${countOf(entries.length, 'job')}${told.length === 0 ? '' : ` (${told.join(', ')})`}.`,
  )
  await showSteps([...(await nextSteps(client, applications, entries)), HELP], session)
}

async function showSteps(steps: readonly NextStep[], { terminal }: Session): Promise<void> {
  const width = Math.max(...steps.map(([command]) => command.length))
  await terminal.line(
    `Next:\n${steps.map(([command, reason]) => `  ${terminal.paint('bold', command.padEnd(width))}  ${reason}`).join('\n')}`,
  )
}

async function openOrNothing(session: Session): Promise<SiteClient | undefined> {
  try {
    return await session.open()
  } catch (error) {
    if (error instanceof BjobError && error.code === 'no-site') return undefined
    throw error
  }
}
