/** `bjob report`: writes figures of a site, as a page, JSON or CSV. */
import { isEmptyFilter } from '../../core/index/filter.ts'
import fs from 'node:fs'
import path from 'node:path'
import { requestError, siteError } from '../../core/text/errors.ts'
import type { Dataset } from '../../report/dataset.ts'
import { computeFigures } from '../../report/figures.ts'
import { figuresCsv, figuresRecord } from '../../report/figure-text.ts'
import { readReport } from '../../report/read-report.ts'
import { codeOf } from '../../site/disk/disk.ts'
import type { Command } from '../command/command.ts'
import { Output } from '../command/list-output.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf, filterText } from '../arguments/filter-options.ts'
import { countOf } from '../../lib/text/count-of.ts'

const PAGE = 'report.html'

export const reportCommand: Command = {
  words: '[ID…]',
  about: `Writes one HTML file that opens from disk, without a network: how nodes were used, a chart of nodes and jobs, throughput, waiting and running
times, failures, launchers, searches, and a table of all jobs with links to their folders. ${FILTER_HELP}`,
  options: [
    {
      name: 'output',
      alias: 'o',
      value: 'FILE',
      summary: `file to write (default ${PAGE}; - writes to standard output)`,
    },
    { name: 'json', summary: 'write the figures as one JSON object instead, to standard output or FILE' },
    { name: 'csv', summary: 'the figures as CSV instead: figure,series,at,value' },
    {
      name: 'watch',
      summary: 'make the page again as jobs end, until it is interrupted; a browser shows it by itself',
    },
    ...FILTER_OPTIONS,
  ],
  examples: [
    ['bjob report', `report on all jobs in ${PAGE}`],
    ["bjob report --workflow 'dl-*' -o dl.html", 'some'],
    ['bjob report --watch', 'while they run: open the page once'],
    ['bjob report --json', 'print the figures for a program'],
  ],
  async run(input, session) {
    const output = new Output(input, session.terminal)
    const client = await session.open()
    const file = input.text('output') ?? (output.isText ? PAGE : '-')
    const pageFolder = path.dirname(path.resolve(file === '-' ? PAGE : file))
    const filter = filterOf(input)
    const read = async (): Promise<Dataset> =>
      readReport(client, { filter, filterText: filterText(filter), pageFolder })
    if (input.has('watch')) {
      if (!output.isText || file === '-')
        throw requestError('bad-option', '--watch makes a page in a file: not --json, --csv or -o -')
      const { watchReport } = await import('../show/live-report.ts')
      return watchReport(client.site, session.terminal, file, async (refreshSeconds) => {
        const dataset = await read()
        writeFile(file, await makePage(dataset, session.packageRoot, refreshSeconds))
        return dataset.jobs.name.length
      })
    }
    // A slip would replace a good page with an empty one.
    if (!isEmptyFilter(filter) && !(await client.select(filter).exists()))
      throw requestError('no-match', 'no job matches: nothing to report')
    const dataset = await read()
    const text = output.isText
      ? await makePage(dataset, session.packageRoot)
      : output.isJson
        ? `${JSON.stringify(figuresRecord(dataset, computeFigures(dataset)))}\n`
        : figuresCsv(dataset, computeFigures(dataset))
    if (file === '-') return session.terminal.write(text)
    writeFile(file, text)
    const count = dataset.jobs.name.length
    session.terminal.note(`${countOf(count, 'job')}: ${file}`)
  },
}

/** Uses the scripts and styles built by `npm run build`. */
async function makePage(dataset: Dataset, packageRoot: string, refreshSeconds = 0): Promise<string> {
  const { formatPage } = await import('../../report/page-text.ts')
  const read = (name: string): string => fs.readFileSync(path.join(packageRoot, 'dist', name), 'utf8')
  return formatPage(dataset, { script: read('report-page.js'), style: read('report-page.css') }, refreshSeconds)
}

function writeFile(file: string, text: string): void {
  try {
    // A link stays, and its target changes; a pipe or a device gets the text.
    if (fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true) replaceFile(fs.realpathSync(file), text)
    else if (fs.lstatSync(file, { throwIfNoEntry: false }) === undefined) replaceFile(file, text)
    else fs.writeFileSync(file, text)
  } catch (error) {
    throw siteError('cannot-write', `cannot write ${file}: ${codeOf(error)}`, {
      path: file,
      cause: error,
    })
  }
}

/** Renamed into place, so that a browser sees the old page or the new one. */
function replaceFile(file: string, text: string): void {
  const aside = `${file}.${process.pid}.new`
  try {
    fs.writeFileSync(aside, text)
    fs.renameSync(aside, file)
  } catch (error) {
    fs.rmSync(aside, { force: true })
    throw error
  }
}
