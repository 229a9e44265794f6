/** SIGINT and SIGTERM as an AbortSignal: for commands that would go on, and want to leave things tidy. */

/** Fires at the first signal, its name the reason; a second one ends the process as usual. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort(name))
  return controller.signal
}
