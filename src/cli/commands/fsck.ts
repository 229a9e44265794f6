/** `bjob fsck`: checks a site and repairs it. */
import path from 'node:path'
import { checkSite } from '../../site/fsck/check-site.ts'
import type { Finding } from '../../site/fsck/finding.ts'
import { isAnyMendable, mendSite } from '../../site/fsck/mend.ts'
import type { Command } from '../command/command.ts'
import { LIST_OPTIONS, type LineListing, Output } from '../command/list-output.ts'
import { countOf } from '../../lib/text/count-of.ts'
import { limitWords } from '../arguments/job-word.ts'

export const fsckCommand: Command = {
  words: '',
  about: `Compares every job's folder with the journal and reports damaged, lost and leftover files. Files that may be in
use are observed for five seconds first. Exit status: 0 if there is no damage or all is repaired, 3 otherwise.`,
  options: [
    { name: 'repair', summary: 'repair damage that has exactly one correct repair; report the rest' },
    ...LIST_OPTIONS,
  ],
  examples: [
    ['bjob fsck', 'check'],
    ['bjob fsck --repair', 'check and repair'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    // Reported as a finding.
    site.onProblem = () => {}
    const { terminal } = session
    limitWords(input.words, 0)
    const findings = await checkSite(site)
    const isRepair = input.has('repair')
    const remedies = isRepair ? await mendSite(site, findings) : []
    const records = findings.map((finding, index) => recordOf(finding, remedies[index], site.layout.root))
    const left = records.filter(({ remark, repaired }) => !remark && repaired === null).length
    const output = new Output(input, terminal)
    await output.list(records, LISTING)
    const damage = findings.filter(({ isRemark }) => isRemark !== true).length
    if (!output.isText) return left === 0 ? 0 : 3
    await terminal.line(`${summaryOf(damage, left, isRepair)}${remarksOf(findings.length - damage)}`)
    if (left > 0) {
      const isMendable = !isRepair && (await isAnyMendable(site, findings))
      terminal.note(
        isMendable
          ? 'hint: `bjob fsck --repair` repairs damage that has exactly one correct repair'
          : adviceFor(findings),
      )
    }
    return left === 0 ? 0 : 3
  },
}

interface FindingRecord {
  readonly kind: string
  readonly path: string
  readonly id: string | null
  readonly message: string
  readonly remark: boolean
  readonly repaired: string | null
}

const LISTING: LineListing<FindingRecord> = {
  record: (finding) => finding,
  columns: ['kind', 'path', 'id', 'message', 'remark', 'repaired'],
  line: ({ path: name, message, remark, repaired }) =>
    `${remark ? 'remark: ' : ''}${name}: ${message}${repaired === null ? '' : ` — ${repaired}`}`,
}

function recordOf(finding: Finding, remedy: string | undefined, root: string): FindingRecord {
  const { kind, message, path: file, id = null, isRemark } = finding
  return { kind, path: path.relative(root, file), id, message, remark: isRemark === true, repaired: remedy ?? null }
}

function summaryOf(damage: number, left: number, isRepair: boolean): string {
  if (damage === 0) return 'no damage found'
  const count = countOf(damage, 'problem')
  return isRepair ? `${count} found, ${damage - left} repaired, ${left} left` : `${count} found`
}

/** Remarks need no repair. */
function remarksOf(count: number): string {
  return count === 0 ? '' : `; ${countOf(count, 'remark')}`
}

function adviceFor(findings: readonly Finding[]): string {
  const has = (wanted: Finding['kind']): boolean => findings.some(({ kind }) => kind === wanted)
  if (has('broken-specification')) return 'hint: correct job.yaml by hand: launchers then accept the job again'
  if (has('broken-application')) return 'hint: correct the file in apps/ by hand'
  return has('unreadable')
    ? 'hint: check what cannot be read with `ls -ld`, or ask its owner for access'
    : 'hint: the journal has no record of the rest: remove each folder and spawn the job again'
}
