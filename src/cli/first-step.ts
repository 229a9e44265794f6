/** `bjob` alone: where one stands, and the next sensible step. */
import type { SiteClient } from '../client/site-client.ts'
import { BjobError } from '../core/errors.ts'
import { END_STATES, isEnded } from '../core/states.ts'
import { listApplications } from '../site/applications.ts'
import type { Session } from './command.ts'

export async function showFirstStep(session: Session): Promise<void> {
  const { terminal } = session
  const client = await openOrNothing(session)
  if (client === undefined) {
    await terminal.line(
      'There is no site here. Make one, and go into it:\n  bjob init mysite && cd mysite\nOr read: bjob --help',
    )
    return
  }
  const { site } = client
  const applications = await listApplications(site.disk, site.layout)
  const entries = await client.jobs.entries()
  const open = entries.filter(({ state }) => !isEnded(state)).length
  const ended = END_STATES.map((state) => `${entries.filter((entry) => entry.state === state).length} ${state}`).join(
    ', ',
  )
  await terminal.line(
    `Site ${client.root}: ${countOf(applications.length, 'application')}, ${countOf(entries.length, 'job')} (${open} to do, ${ended}).`,
  )
  await terminal.line(`Next: ${nextStep(applications, entries.length, open)}\nAll commands: bjob --help`)
}

function nextStep([application]: readonly string[], jobs: number, open: number): string {
  if (application === undefined) return "bjob app add NAME --executable 'COMMAND'"
  if (jobs === 0) return `bjob spawn --app ${application} --name NAME -- ARGUMENTS`
  return open > 0 ? 'bjob launch   (or, to see the jobs: bjob ls)' : 'bjob ls, bjob results'
}

async function openOrNothing(session: Session): Promise<SiteClient | undefined> {
  try {
    return await session.open()
  } catch (error) {
    if (error instanceof BjobError && error.code === 'no-site') return undefined
    throw error
  }
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
