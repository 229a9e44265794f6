/** `bjob show`: all of one job. */
import { toRecord } from '../../core/specification.ts'
import { breakageText, findBreakage } from '../../client/inspect.ts'
import { readJobState, readSpecification } from '../../site/jobs.ts'
import { entryOf } from '../../site/scan.ts'
import { formatYaml } from '../../core/yaml-text.ts'
import type { Command } from '../command.ts'
import { findJob, limitWords } from '../job-word.ts'
import { jobRecord } from '../job-record.ts'

export const showCommand: Command = {
  words: '[ID]',
  about:
    'What was asked of the job, where it stands, what is in its folder and what happened to it. Without ID: the job whose folder this is.',
  options: [{ name: 'json', summary: 'print JSON' }],
  examples: [['bjob show dl-hps/task1', 'all of it']],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const id = await findJob(site, input.words[0])
    const { terminal } = session
    const state = await readJobState(site, id)
    const breakage = await findBreakage(site, id)
    if (breakage !== undefined) {
      if (input.has('json'))
        return terminal.json({
          id,
          state: state.state,
          attempt: state.attempt,
          launcher: state.launcher ?? null,
          dir: site.layout.job(id).dir,
          broken: breakageText(breakage),
          history: state.history,
        })
      await terminal.line(`${terminal.paint('bold', id)}  BROKEN: ${breakageText(breakage)}`)
    }
    const specification = breakage === undefined ? await readSpecification(site, id, state) : undefined
    if (input.has('json') && specification !== undefined)
      return terminal.json({ ...jobRecord(site, entryOf(id, state, specification)), history: state.history })
    const owner = state.launcher === undefined ? '' : `, launcher ${state.launcher}`
    const kill = state.kill === undefined ? '' : `, kill asked for by ${state.kill}`
    if (breakage === undefined)
      await terminal.line(
        `${terminal.paint('bold', id)}  ${terminal.paintState(state.state, state.state)}, attempt ${state.attempt}${owner}${kill}`,
      )
    await terminal.line(`\nfolder: ${site.layout.job(id).dir}`)
    const files = (await site.disk.list(site.layout.job(id).dir))
      .filter(({ name }) => !name.startsWith('.'))
      .map(({ name, isDirectory }) => (isDirectory ? `${name}/` : name))
    await terminal.line(`files:  ${files.sort().join('  ')}`)
    if (specification !== undefined) await terminal.write(`\n${formatYaml(toRecord(specification))}`)
    await terminal.line(
      `\nhistory:\n${state.history.map((entry) => `  ${entry.time} ${terminal.paintState(entry.state, entry.state)} ${entry.message.replaceAll('\n', '\n    ')}`).join('\n')}`,
    )
  },
}
