/** Signals that ask a long-running command to end in an orderly way. */

/** From a user or a process. A second one ends immediately. */
const REQUESTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A batch scheduler's warning before the end of an allocation. Grid Engine sends each twice. */
const WARNINGS = ['SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const

/** A shell's status for a process killed by SIGUSR1. */
const ENDED_BY_USR1 = 128 + 10

const endAtOnce = (): never => process.exit(ENDED_BY_USR1)

/**
 * By default, SIGUSR1 opens Node.js's debugger to every user of the node. From here on the signal
 * ends the process, as in other programs.
 */
export function closeDebugger(): void {
  process.on('SIGUSR1', endAtOnce)
}

/**
 * Calls `act` at each of these signals; `isWarning` for one that may be repeated and is not urgent.
 */
export function onStopSignal(act: (name: NodeJS.Signals, isWarning: boolean) => void): void {
  for (const name of REQUESTS) process.on(name, () => act(name, false))
  for (const name of WARNINGS) process.on(name, () => act(name, true))
  process.off('SIGUSR1', endAtOnce)
}

/**
 * Fires at the first signal, with its name as the reason. A second request ends the process as
 * usual.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of REQUESTS) process.once(name, () => controller.abort(name))
  for (const name of WARNINGS) process.on(name, () => controller.abort(name))
  process.off('SIGUSR1', endAtOnce)
  return controller.signal
}
