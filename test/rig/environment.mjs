/**
 * The variables that tests, benches and the demo hand on to what they start: those of a person who
 * has just logged in. None of a batch scheduler's, whichever it is: a launcher would take this
 * machine for the nodes of the allocation around it.
 */

const HANDED_ON = new Set([
  'PATH',
  'LD_LIBRARY_PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'TZ',
  'TMPDIR',
  'LANG',
  'LANGUAGE',
  // How this network is reached.
  'NODE_EXTRA_CA_CERTS',
  'http_proxy',
  'https_proxy',
  'no_proxy',
])

/** @returns {Record<string, string>} a new object each time */
export function loginEnvironment() {
  /** @type {Record<string, string>} */
  const variables = {}
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && (HANDED_ON.has(name) || name.startsWith('LC_'))) variables[name] = value
  return variables
}
