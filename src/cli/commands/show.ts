/** `bjob show`: prints everything about a job. */
import { type AttemptRecord, attemptsOf } from '../../core/life/attempts.ts'
import { tell } from '../../core/life/event-words.ts'
import type { JobId } from '../../core/job/id.ts'
import type { JobState } from '../../core/life/job-state.ts'
import { jobVariables } from '../../core/job/job-variables.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { quoteShellWord } from '../../lib/text/shell-words.ts'
import { expandHostList } from '../../platform/hostlist.ts'
import { breakageText, findBreakage } from '../../site/job/breakage.ts'
import { readJobState, readSpec } from '../../site/job/jobs.ts'
import { entryOf } from '../../core/index/job-entry.ts'
import type { Site } from '../../site/site.ts'
import { formatYaml } from '../../core/text/yaml-text.ts'
import type { Command } from '../command/command.ts'
import { Output } from '../command/list-output.ts'
import { historyLine } from '../show/history-line.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'
import { jobRecord } from '../show/job-record.ts'

/** The attempts with folder, command, variables set by bjob, and result. */
function attemptRecords(
  site: Site,
  id: JobId,
  { history }: JobState,
  { parents }: JobSpec,
): (AttemptRecord & { readonly directory: string; readonly environment: Readonly<Record<string, string>> })[] {
  const { root } = site.layout
  return attemptsOf(history).map((record) => {
    const { attempt } = record
    const environment = jobVariables({ root, id, parents, attempt, nodes: expandHostList(record.nodes) })
    return { ...record, directory: site.layout.job(id).dir, environment }
  })
}

export const showCommand: Command = {
  words: '[ID]',
  about: "Prints the specification, state, files and history of a job. Without ID, the current folder must be a job's.",
  options: [{ name: 'json', summary: 'print JSON' }],
  examples: [['bjob show dl-hps/task1', 'show everything about task1']],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const id = await findJob(site, input.words[0])
    const { terminal } = session
    const output = new Output(input, terminal)
    const state = await readJobState(site, id)
    const breakage = await findBreakage(site, id)
    if (breakage !== undefined) {
      if (output.isJson)
        return output.json({
          id,
          state: state.state,
          attempt: state.attempt,
          launcher: state.launcher ?? null,
          dir: site.layout.job(id).dir,
          broken: breakageText(breakage),
          history: state.history.map(tell),
        })
      await terminal.line(`${terminal.paint('bold', id)}  BROKEN: ${breakageText(breakage)}`)
    }
    const spec = breakage === undefined ? await readSpec(site, id, state) : undefined
    if (output.isJson && spec !== undefined)
      return output.json({
        ...jobRecord(site, entryOf(id, state, spec)),
        attempts: attemptRecords(site, id, state, spec),
        history: state.history.map(tell),
      })
    const owner = state.launcher === undefined ? '' : `, launcher ${state.launcher}`
    const kill = state.kill === undefined ? '' : `, kill requested by ${state.kill}`
    if (breakage === undefined)
      await terminal.line(
        `${terminal.paint('bold', id)}  ${terminal.paintState(state.state, state.state)}, attempt ${state.attempt}${owner}${kill}`,
      )
    await terminal.line(`\nfolder: ${site.layout.job(id).dir}`)
    const files = (await site.disk.list(site.layout.job(id).dir))
      .filter(({ name }) => !name.startsWith('.'))
      .map(({ name, isDirectory }) => (isDirectory ? `${name}/` : name))
    await terminal.line(`files:  ${files.sort().join('  ')}`)
    if (spec !== undefined) await terminal.write(`\n${formatYaml(spec.record)}`)
    const last = spec === undefined ? undefined : attemptRecords(site, id, state, spec).at(-1)
    if (last !== undefined) {
      const variables = Object.entries(last.environment).map(([name, value]) => `  ${name}=${quoteShellWord(value)}`)
      await terminal.line(
        `\nenvironment of attempt ${last.attempt}, in addition to the launcher's and to environ_vars:`,
      )
      await terminal.line(variables.join('\n'))
    }
    await terminal.line(`\nhistory:\n${state.history.map((entry) => `  ${historyLine(entry, terminal)}`).join('\n')}`)
  },
}
