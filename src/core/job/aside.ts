/**
 * The temporary folder where files arrive before they are renamed into place. Each launcher has its
 * own, so that a late one does not interfere.
 */
export interface Aside {
  readonly name: string
  /** Common prefix of all launchers' folders for the same files. */
  readonly prefix: string
}

export function asideOf(purpose: string, launcher: string): Aside {
  return { name: `${purpose}@${launcher}`, prefix: `${purpose}@` }
}
