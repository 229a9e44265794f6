/** Suggests how to run new jobs, because jobs without a launcher are a frequent surprise. */
import type { SiteClient } from '../../client/site-client.ts'
import type { Session } from '../command/command.ts'

/** Suggests a command if no launcher is running. A job's own launcher runs its children. */
export async function suggestRunning(client: SiteClient, { terminal }: Session): Promise<void> {
  if (!terminal.isInteractive || client.environment !== undefined) return
  const { isAnyRunning, startingCommand } = await import('./next-step.ts')
  if (!(await isAnyRunning(client.site))) terminal.suggest(startingCommand(client.site))
}
