/**
 * The parts that the in-process suites replace: the clock, and the disk and journal of a process.
 */
import { vi } from 'vitest'
import type * as disk from '../../src/site/disk/disk.ts'
import type * as journalHost from '../../src/site/journal/journal-host.ts'

vi.mock('../../src/lib/sleep.ts', () => import('./fast-time.ts'))

vi.mock('../../src/site/disk/disk.ts', async (importActual) => {
  const actual = await importActual<typeof disk>()
  const { diskOf } = await import('./seam.ts')
  return { ...actual, diskFor: (folder: string) => diskOf(folder) ?? actual.diskFor(folder) }
})

vi.mock('../../src/site/journal/journal-host.ts', async (importActual) => {
  const actual = await importActual<typeof journalHost>()
  const { hostOf } = await import('./seam.ts')
  return { ...actual, journalHost: (root: string) => hostOf(root) ?? actual.journalHost(root) }
})
