/** `bjob fsck`: is this tree whole, and mending it. */
import path from 'node:path'
import { checkSite } from '../../site/fsck/check-site.ts'
import type { Finding } from '../../site/fsck/finding.ts'
import { isAnyMendable, mendSite } from '../../site/fsck/mend.ts'
import type { Command } from '../command/command.ts'
import { limitWords } from '../arguments/job-word.ts'

export const fsckCommand: Command = {
  words: '',
  about: `Looks at every job's folder and compares it with the journal: names what is broken, lost or left over by something that died. What may be
in use is watched for five seconds first. Exit status 0 when all is whole, or has been mended; 3 when damage is left.`,
  options: [
    { name: 'repair', summary: 'mend what has one right answer; leave the rest' },
    { name: 'json', summary: 'print JSON, an object a line' },
  ],
  examples: [
    ['bjob fsck', 'look'],
    ['bjob fsck --repair', 'and mend'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    // It is one of the findings.
    site.onProblem = () => {}
    const { terminal } = session
    limitWords(input.words, 0)
    const findings = await checkSite(site)
    const isRepair = input.has('repair')
    const remedies = isRepair ? await mendSite(site, findings) : []
    let left = 0
    for (const [index, { kind, message, path: file, id, isRemark }] of findings.entries()) {
      const remedy = remedies[index]
      if (isRemark !== true && remedy === undefined) left += 1
      const name = path.relative(site.layout.root, file)
      if (input.has('json'))
        await terminal.json({
          kind,
          path: name,
          id: id ?? null,
          message,
          remark: isRemark === true,
          repaired: remedy ?? null,
        })
      else await terminal.line(`${name}: ${message}${remedy === undefined ? '' : ` — ${remedy}`}`)
    }
    const damage = findings.filter(({ isRemark }) => isRemark !== true).length
    if (!input.has('json')) await terminal.line(summaryOf(damage, left, isRepair))
    if (left > 0 && !input.has('json')) {
      const isMendable = !isRepair && (await isAnyMendable(site, findings))
      terminal.note(
        isMendable ? 'hint: `bjob fsck --repair` mends what has one right answer' : adviceFor(findings, isRepair),
      )
    }
    return left === 0 ? 0 : 3
  },
}

function summaryOf(damage: number, left: number, isRepair: boolean): string {
  if (damage === 0) return 'the site is whole'
  const count = damage === 1 ? '1 problem' : `${damage} problems`
  return isRepair ? `${count} found, ${damage - left} repaired, ${left} left` : `${count} found`
}

function adviceFor(findings: readonly Finding[], isRepair: boolean): string {
  const has = (wanted: Finding['kind']): boolean => findings.some(({ kind }) => kind === wanted)
  if (has('broken-specification'))
    return `hint: correct job.yaml by hand, and run ${isRepair ? 'this again' : '`bjob fsck --repair`'}: the job is then taken again`
  return has('broken-application')
    ? 'hint: correct the file in apps/ by hand'
    : 'hint: of what is left the journal knows nothing: remove the folder, and spawn the job again'
}
