/**
 * Breaks bjob on purpose, to see that these suites notice: `SURVIVAL_BREAK=fence` and so on. Each
 * mutant takes away one thing that a promise rests on. The text that it replaces must be there, so
 * a mutant cannot quietly do nothing.
 */
interface Mutant {
  readonly file: string
  readonly from: string
  readonly to: string
}

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  /** The owner of a revision that is passed over keeps its draft, and may rename it later. */
  fence: {
    file: 'site/job/revision.ts',
    from: '  await unlessGone(disk.unlink(draftPath(paths.dir, token)))\n',
    to: '',
  },
  /** Does not look again after claiming the revision. */
  reread: {
    file: 'site/job/revision.ts',
    from: 'if (current.revision >= claimed.revision)',
    to: 'if (current.revision < 0)',
  },
  /** Believes to have won whatever stands there. */
  exclusive: {
    file: 'site/job/revision.ts',
    from: 'if (owner !== undefined) return owner === token',
    to: 'if (owner !== undefined) return true',
  },
  /** Writes over state.yaml in place. */
  inplace: {
    file: 'site/job/revision.ts',
    from: 'await disk.rename(draft.path, paths.state)',
    to: 'await disk.unlink(paths.state); await disk.rename(draft.path, paths.state)',
  },
  /** Does not tell the journal of changes that came to nothing. */
  void: { file: 'site/journal/journal-writer.ts', from: 'if (!made) this.#voided.push(n)', to: '' },
  /** A lock that is left behind stays. */
  lock: { file: 'site/job/lock.ts', from: 'await unlessGone(disk.rmdir(job.lock))', to: '' },
  /** An end is handed out without being written down. */
  cursor: { file: 'client/ends/cursor.ts', from: 'await this.#sidecar.append(line, false)', to: '' },
  /** An announced change counts as made. */
  pending: { file: 'core/index/pending-changes.ts', from: 'events.set(n, announced)\n', to: 'return\n' },
}

/** The text of `file` with the mutant in it. @throws when the mutant does not fit any more */
export function mutate(name: string | undefined, file: string, text: string): string | undefined {
  if (name === undefined || name === '') return undefined
  const mutant = MUTANTS[name]
  if (mutant === undefined) throw new Error(`no mutant is called ${name}; there are ${Object.keys(MUTANTS).join(', ')}`)
  if (!file.endsWith(`/src/${mutant.file}`)) return undefined
  if (!text.includes(mutant.from)) throw new Error(`the mutant ${name} does not fit ${mutant.file} any more`)
  return text.replace(mutant.from, mutant.to)
}

export function breakOnPurpose(name: string | undefined): {
  readonly name: string
  readonly enforce: 'pre'
  transform(text: string, file: string): string | undefined
} {
  return { name: 'break-on-purpose', enforce: 'pre', transform: (text, file) => mutate(name, file, text) }
}
