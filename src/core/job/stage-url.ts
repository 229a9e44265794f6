/** Locations for staging: `stage_in_url` and `stage_out_url`, in Balsam's forms and scp's. */

export interface StagePlace {
  /** `user@host`; absent for a local path. */
  readonly host?: string
  /** Absolute; on a host it may be relative to the home folder. */
  readonly path: string
  /** Required transport; by default rsync if installed, else scp. */
  readonly transport?: 'rsync' | 'scp'
}

const HOST = /^(?:(rsync|scp):(?:\/\/)?)?((?:\w[\w.-]*@)?\w[\w.-]*):(.+)$/
/** Other characters could be interpreted by a remote shell. */
const REMOTE_PATH = /^[\w@%+=:,./~-]+$/

/** @throws SyntaxError with a message that follows the field's name */
export function parseStageUrl(text: string): StagePlace {
  if (/\p{Cc}/u.test(text)) throw new SyntaxError('contains a control character')
  const local = /^(?:local:|file:(?:\/\/(?:localhost)?)?)?(\/.*)$/.exec(text)?.[1]
  if (local !== undefined) return { path: withoutSlash(local) }
  if (/^(local|file):/.test(text)) throw new SyntaxError(`must have an absolute path: ${text}`)
  const [, transport, host, path] = HOST.exec(text) ?? []
  if (host === undefined || path === undefined || path.startsWith('//'))
    throw new SyntaxError(`must be an absolute path, file:///PATH or [USER@]HOST:PATH, not ${JSON.stringify(text)}`)
  if (!REMOTE_PATH.test(path))
    throw new SyntaxError(`has a path that a shell on ${host} could misread: ${JSON.stringify(path)}`)
  const insisted = transport === 'rsync' || transport === 'scp' ? ({ transport: transport } as const) : {}
  // Paths are relative to the home folder anyway, and a quoted ~ is not expanded.
  const fromHome = path.replace(/^~\/+(?=.)/, '')
  if (fromHome.startsWith('~'))
    throw new SyntaxError(`must name a path that does not begin with ~: ${JSON.stringify(path)}`)
  return { host, path: withoutSlash(fromHome), ...insisted }
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '')
}

/** The name of the staged file. @throws SyntaxError if the URL has none */
export function stagedName({ path }: StagePlace): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (name === '' || name === '.' || name === '..' || name === '~')
    throw new SyntaxError(`has no name at its end: ${path}`)
  return name
}
