/** The folder where files arrive before each is renamed into place. Every launcher has its own: one that is late does not meddle with the next. */
export interface Aside {
  readonly name: string
  /** What the names of all launchers' folders for the same files begin with, and nothing else there. */
  readonly prefix: string
}

export function asideOf(purpose: string, launcher: string): Aside {
  return { name: `${purpose}@${launcher}`, prefix: `${purpose}@` }
}
