/** Jobs that nobody runs are the most common surprise: what follows the making of some. */
import type { SiteClient } from '../../client/site-client.ts'
import type { Session } from '../command/command.ts'

/** Suggests how to run jobs where no launcher does. Of a job's own children, its launcher knows. */
export async function suggestRunning(client: SiteClient, { terminal }: Session): Promise<void> {
  if (!terminal.isInteractive || client.environment !== undefined) return
  const { isAnyRunning, startingCommand } = await import('./next-step.ts')
  if (!(await isAnyRunning(client.site))) terminal.suggest(startingCommand(client.site))
}
