/** `bjob app`: the registered applications. */
import fs from 'node:fs'
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import { formatYaml } from '../../core/text/yaml-text.ts'
import { didYouMean } from '../../lib/text/nearest.ts'
import { hasCommand } from '../../lib/process/run-command.ts'
import { quoteShellWord, splitShellWords } from '../../lib/text/shell-words.ts'
import {
  type Application,
  addApplication,
  anchorWords,
  listApplications,
  readApplication,
  removeApplication,
} from '../../site/applications.ts'
import type { Site } from '../../site/site.ts'
import type { Command, Session } from '../command/command.ts'
import { LIST_OPTIONS, Output } from '../command/list-output.ts'
import { FIRST_APPLICATION, firstSpawn } from '../show/next-step.ts'
import type { Input } from '../command/option.ts'

const ACTIONS = ['add', 'ls', 'show', 'rm'] as const

export const appCommand: Command = {
  words: 'add|ls|show|rm [APP]',
  about: `A job runs a registered application and nothing else; what it is given as arguments is never interpreted by a shell.
Words of the executable that name files here are remembered by where they are: as {site}/… inside the site.
The file apps/NAME.yaml may be edited at any time.
Preprocess and postprocess write to preprocess.log and postprocess.log; one that fails, or takes longer than hook_seconds, fails the job.
With post_error_handler or post_timeout_handler in the job, the postprocess is also run after an error (BJOB_ERROR=TRUE) or a timeout
(BJOB_TIMEOUT=TRUE), and says with \`bjob set state=STATE\` what the job becomes; saying nothing, it leaves the job FAILED.`,
  options: [
    { name: 'executable', value: 'CMD', summary: 'add: the command, split into words as a shell would' },
    { name: 'preprocess', value: 'CMD', summary: "add: run in a job's folder before its first attempt" },
    {
      name: 'postprocess',
      value: 'CMD',
      summary: 'add: run there after an attempt that ended well (others: see below)',
    },
    { name: 'envscript', value: 'FILE', summary: 'add: bash reads it before the command is started' },
    { name: 'shell', summary: 'add: hand the commands to /bin/sh as they are: pipes, variables, `module load`' },
    { name: 'description', value: 'TEXT', summary: 'add: what it does' },
    ...LIST_OPTIONS.map((option) => ({ ...option, summary: `ls, show: ${option.summary}` })),
  ],
  examples: [
    ["bjob app add eval_point --executable 'python eval_point.py'", 'register a script that lies in this folder'],
    [
      "bjob app add solver --shell --executable 'module load mpi && exec ./solver'",
      'a shell line; the arguments of the job follow as words',
    ],
    ['bjob app ls', 'what is registered'],
    ['bjob app rm solver', 'take it away; jobs that need it will wait'],
  ],
  async run(input, session) {
    const [action, name, extra] = input.words
    if (action === undefined)
      throw requestError('bad-option', `what to do with applications? Say ${ACTIONS.join(', ')}`)
    if (extra !== undefined) throw requestError('bad-option', `${action} takes one name; more are given`)
    const { site } = await session.open()
    if (action === 'ls' && name === undefined) return listApps(site, input, session)
    if (action === 'ls')
      throw requestError('bad-option', '`bjob app ls` takes no name', { hint: `bjob app show ${name}` })
    if (name === undefined) throw requestError('bad-option', `which application? bjob app ${action} NAME`)
    if (action === 'add') return addApp(site, name, input, session)
    if (action === 'show') return showApp(await readApplication(site.disk, site.layout, name), input, session)
    if (action === 'rm') return removeApplication(site.disk, site.layout, name)
    throw requestError('unknown-command', `there is no \`bjob app ${action}\`${didYouMean(action, ACTIONS)}`, {
      hint: `there are: ${ACTIONS.join(', ')}`,
    })
  },
}

async function addApp(site: Site, name: string, input: Input, { terminal }: Session): Promise<void> {
  const line = input.text('executable')
  if (line === undefined) throw requestError('bad-option', `what does ${name} run? Say --executable 'COMMAND'`)
  const shell = input.has('shell')
  const anchor = (text: string): string => (shell ? text : anchorLine(text, site.layout.root))
  const given = (option: string): string | undefined => {
    const text = input.text(option)
    return text === undefined ? undefined : anchor(text)
  }
  const envscript = input.text('envscript')
  await addApplication(site.disk, site.layout, {
    name,
    executable: anchor(line),
    preprocess: given('preprocess'),
    postprocess: given('postprocess'),
    envscript: envscript === undefined ? undefined : anchorFile(envscript, site.layout.root),
    shell,
    description: input.text('description') ?? '',
  })
  await terminal.line(name)
  for (const field of ['executable', 'preprocess', 'postprocess'] as const) {
    const missing = await findMissing(site, name, field)
    if (missing !== undefined) terminal.note(`bjob: warning: ${field} names ${missing}`)
  }
  terminal.suggest(firstSpawn(name))
}

/** What a hook or the executable starts, where it can be told already that it will not start here. */
async function findMissing(
  { disk, layout }: Site,
  name: string,
  field: 'executable' | 'preprocess' | 'postprocess',
): Promise<string | undefined> {
  const application = await readApplication(disk, layout, name)
  const line = application[field]
  if (line === undefined || application.shell) return undefined
  const [word = ''] = typeof line === 'string' ? splitShellWords(line) : line
  const program = word.replaceAll('{site}', layout.root)
  if (!program.includes('/'))
    return hasCommand(program) ? undefined : `${program}, which is not on the PATH here; jobs may find it elsewhere`
  // A relative path is one of each job's folder.
  const file = path.resolve(program)
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) {
    const where = path.isAbsolute(program) ? '' : ` in this folder; jobs look for it in their own`
    return `${program}, and there is no such file${where}`
  }
  if (!stat.isFile()) return `${program}, which is no file`
  return isExecutable(file) ? undefined : `${program}, which may not be executed: chmod +x ${quoteShellWord(file)}`
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @throws BjobError `missing-input` */
function anchorFile(file: string, root: string): string {
  const full = path.resolve(file)
  if (fs.statSync(full, { throwIfNoEntry: false })?.isFile() !== true)
    throw requestError('missing-input', `there is no file ${file}`, { path: full, field: 'envscript' })
  return full.startsWith(`${root}/`) ? `{site}${full.slice(root.length)}` : full
}

/** Keeps the line as it was typed, unless words of it name files: those are then found from anywhere. */
function anchorLine(line: string, root: string): string {
  let words: string[]
  try {
    words = splitShellWords(line)
  } catch {
    // The check of the application says what is wrong with it.
    return line
  }
  const anchored = anchorWords(
    words,
    process.cwd(),
    root,
    (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true,
  )
  if (anchored.every((word, index) => word === words[index])) return line
  return anchored.map((word) => (/^\{site\}[\w@%+=:,./-]*$/.test(word) ? word : quoteShellWord(word))).join(' ')
}

export async function listApps(site: Site, input: Input, { terminal }: Session): Promise<void> {
  const names = await listApplications(site.disk, site.layout)
  const output = new Output(input, terminal)
  if (names.length === 0 && output.isText)
    return terminal.note(`no application is registered yet: ${FIRST_APPLICATION}`)
  const applications: (Application | Broken)[] = []
  for (const name of names) {
    try {
      applications.push(await readApplication(site.disk, site.layout, name))
    } catch (error) {
      if (!output.isText) throw error
      applications.push({ name, problem: error instanceof Error ? error.message : 'cannot be read' })
    }
  }
  await output.table(applications, {
    record: (application) => application,
    columns: APPLICATION_COLUMNS,
    headings: ['APPLICATION', 'EXECUTABLE', 'DESCRIPTION'],
    cells: (application) =>
      'problem' in application
        ? [application.name, `BROKEN: ${application.problem}`, '']
        : [application.name, lineOf(application.executable), application.description],
  })
}

interface Broken {
  readonly name: string
  readonly problem: string
}

const APPLICATION_COLUMNS = 'name executable preprocess postprocess envscript shell description'.split(' ')

async function showApp(application: Application, input: Input, { terminal }: Session): Promise<void> {
  await new Output(input, terminal).list([application], {
    record: (one) => one,
    columns: APPLICATION_COLUMNS,
    line: (one) => formatYaml(one).trimEnd(),
  })
}

function lineOf(executable: string | readonly string[]): string {
  return typeof executable === 'string' ? executable : executable.map(quoteShellWord).join(' ')
}
