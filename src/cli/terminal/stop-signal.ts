/** The signals that ask a command to end: for commands that run until they are told, and leave things tidy. */

/** A person or a process that wants the command to end. A second one does not wait. */
const REQUESTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A batch scheduler's warning before it ends an allocation. Grid Engine sends each twice. */
const WARNINGS = ['SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const

/** What a shell reports for a process that SIGUSR1 has ended. */
const ENDED_BY_USR1 = 128 + 10

const endAtOnce = (): never => process.exit(ENDED_BY_USR1)

/** Node.js answers SIGUSR1 by opening its debugger to every user of the node. From here on the signal ends the process, as in other programs. */
export function closeDebugger(): void {
  process.on('SIGUSR1', endAtOnce)
}

/** Calls `act` at each of these signals; `isWarning` for one that may be repeated and asks for no hurry. */
export function onStopSignal(act: (name: NodeJS.Signals, isWarning: boolean) => void): void {
  for (const name of REQUESTS) process.on(name, () => act(name, false))
  for (const name of WARNINGS) process.on(name, () => act(name, true))
  process.off('SIGUSR1', endAtOnce)
}

/** Fires at the first signal, its name the reason. A second request ends the process as usual. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of REQUESTS) process.once(name, () => controller.abort(name))
  for (const name of WARNINGS) process.on(name, () => controller.abort(name))
  process.off('SIGUSR1', endAtOnce)
  return controller.signal
}
