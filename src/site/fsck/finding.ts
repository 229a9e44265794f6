/** A finding of fsck: damage or a leftover, with a description and the data for its repair. */
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
  /** Description in one line. */
  readonly message: string
  readonly path: string
  readonly id?: JobId
  /** A remark, not damage. */
  readonly isRemark?: true
  /**
   * For the repair: the revision still visible in a torn state.yaml, or the folder's or journal's
   * entry.
   */
  readonly revision?: number
  readonly entry?: JobEntry
}
