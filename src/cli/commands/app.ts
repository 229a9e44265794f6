/** `bjob app`: manages applications. */
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
  about: `A job runs only a registered application. Its arguments are never interpreted by a shell.
Words of the executable that name files here are stored with their location: as {site}/… inside the site.
The file apps/NAME.yaml may be edited at any time.
Preprocess and postprocess write to preprocess.log and postprocess.log. A hook that fails, or runs longer
than hook_seconds, fails the job. With post_error_handler or post_timeout_handler, the postprocess also runs
after an error (BJOB_ERROR=TRUE) or a timeout (BJOB_TIMEOUT=TRUE) and sets the state of its job with
\`bjob set state=STATE\`. Without such a call the job is FAILED.`,
  options: [
    { name: 'executable', value: 'CMD', summary: 'add: command line, split into words like a shell command' },
    { name: 'preprocess', value: 'CMD', summary: "add: command to run in the job's folder before the first attempt" },
    {
      name: 'postprocess',
      value: 'CMD',
      summary: 'add: command to run there after a successful attempt (for others, see above)',
    },
    { name: 'envscript', value: 'FILE', summary: 'add: script that bash sources before the command' },
    { name: 'shell', summary: 'add: pass the commands to /bin/sh unsplit, for pipes, variables, `module load`' },
    { name: 'description', value: 'TEXT', summary: 'add: description shown by `bjob app ls`' },
    ...LIST_OPTIONS.map((option) => ({ ...option, summary: `ls, show: ${option.summary}` })),
  ],
  examples: [
    ["bjob app add eval_point --executable 'python eval_point.py'", 'register a script from this folder'],
    [
      "bjob app add solver --shell --executable 'module load mpi && exec ./solver'",
      "register a shell line; the job's arguments are appended as words",
    ],
    ['bjob app ls', 'list the registered applications'],
    ['bjob app rm solver', 'remove it; jobs that need it wait until it is registered again'],
  ],
  async run(input, session) {
    const [action, name, extra] = input.words
    if (action === undefined) throw requestError('bad-option', `no action given: ${ACTIONS.join(', ')}`)
    if (extra !== undefined) throw requestError('bad-option', `${action} takes one name`)
    const { site } = await session.open()
    if (action === 'ls' && name === undefined) return listApps(site, input, session)
    if (action === 'ls')
      throw requestError('bad-option', '`bjob app ls` takes no name', { hint: `bjob app show ${name}` })
    if (name === undefined) throw requestError('bad-option', `no application named: bjob app ${action} NAME`)
    if (action === 'add') return addApp(site, name, input, session)
    if (action === 'show') return showApp(await readApplication(site.disk, site.layout, name), input, session)
    if (action === 'rm') return removeApplication(site.disk, site.layout, name)
    throw requestError('unknown-command', `unknown action ${action}${didYouMean(action, ACTIONS)}`, {
      hint: `actions: ${ACTIONS.join(', ')}`,
    })
  },
}

async function addApp(site: Site, name: string, input: Input, { terminal }: Session): Promise<void> {
  const line = input.text('executable')
  if (line === undefined)
    throw requestError('bad-option', `--executable is missing: name the command that ${name} runs`)
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

/** A program of a hook or the executable that is certain not to start here. */
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
    return hasCommand(program) ? undefined : `${program}, which is not on the PATH of this machine`
  // A relative path is relative to each job's folder.
  const file = path.resolve(program)
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) {
    const where = path.isAbsolute(program) ? '' : ` in this folder; jobs look for it in their own folder`
    return `${program}, which does not exist${where}`
  }
  if (!stat.isFile()) return `${program}, which is not a file`
  return isExecutable(file) ? undefined : `${program}, which is not executable: chmod +x ${quoteShellWord(file)}`
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
    throw requestError('missing-input', `file not found: ${file}`, { path: full, field: 'envscript' })
  return full.startsWith(`${root}/`) ? `{site}${full.slice(root.length)}` : full
}

/** Keeps the line as typed, unless words name files, which are made independent of the folder. */
function anchorLine(line: string, root: string): string {
  let words: string[]
  try {
    words = splitShellWords(line)
  } catch {
    // The application's check reports the error.
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
  if (names.length === 0 && output.isText) return terminal.note(`no applications yet: ${FIRST_APPLICATION}`)
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
