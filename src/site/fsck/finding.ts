/** What fsck found: what is damaged or left over, told to a person, with all that mending it needs. */
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'

export type FindingKind =
  | 'leftover-aside'
  | 'leftover-draft'
  | 'leftover-revision'
  | 'leftover-lock'
  | 'half-removed'
  | 'unplaced-specification'
  | 'lost-state'
  | 'lost-specification'
  | 'broken-specification'
  | 'not-in-journal'
  | 'journal-behind'
  | 'mended'
  | 'state-behind'
  | 'no-folder'
  | 'unreadable-lines'
  | 'unreadable'
  | 'foreign'
  | 'newer-format'
  | 'broken-application'

export interface Finding {
  readonly kind: FindingKind
  /** One line for a person. */
  readonly message: string
  readonly path: string
  readonly id?: JobId
  /** Worth knowing, and no damage. */
  readonly isRemark?: true
  /** For mending: the revision that a torn state.yaml still shows, or the entry that the folder has, or the journal. */
  readonly revision?: number
  readonly entry?: JobEntry
}
