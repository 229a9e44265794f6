/** The registered applications, one file each in `apps/`. Jobs can run nothing else. */
import path from 'node:path'
import * as v from 'valibot'
import { requestError } from '../core/text/errors.ts'
import { checkName } from '../core/job/id.ts'
import { formatYaml, parseYaml } from '../core/text/yaml-text.ts'
import { didYouMean } from '../lib/text/nearest.ts'
import { fieldsOf, firstProblem } from '../lib/shapes.ts'
import { toWord, withPlain } from '../lib/text/written.ts'
import { splitShellWords } from '../lib/text/shell-words.ts'
import { defined } from '../lib/defined.ts'
import { type Disk, unlessGone } from './disk/disk.ts'
import { readPersonsText, replaceFile } from './disk/files.ts'
import type { Layout } from './disk/layout.ts'

const word = v.pipe(v.unknown(), v.transform(toWord), v.string('must be text'))
const commandLine = v.union(
  [
    v.pipe(v.string(), v.nonEmpty('is empty')),
    // A program name must be text.
    v.pipe(v.custom<unknown[]>(beginsWithText), v.array(word), v.nonEmpty('is empty')),
  ],
  'must be a line or a list of words',
)
function beginsWithText(value: unknown): boolean {
  return Array.isArray(value) && (value.length === 0 || typeof value[0] === 'string')
}

const FIELDS = {
  executable: commandLine,
  preprocess: v.optional(commandLine),
  postprocess: v.optional(commandLine),
  envscript: v.optional(v.pipe(word, v.nonEmpty('is empty'))),
  shell: v.optional(v.boolean('must be true or false'), false),
  description: v.optional(word, ''),
}
const schema = fieldsOf(FIELDS, 'must be a map of fields')

/**
 * A line, split into words like a shell command or, with `shell`, passed to `/bin/sh -c`. `{site}`
 * stands for the site's folder.
 */
export type CommandLine = string | readonly string[]

export interface Application {
  readonly name: string
  readonly executable: CommandLine
  /**
   * Run in the job's folder before its first attempt, and after each successful one (see the job
   * fields `post_…_handler`).
   */
  readonly preprocess?: CommandLine | undefined
  readonly postprocess?: CommandLine | undefined
  /** A file that bash sources before the executable: modules, variables. */
  readonly envscript?: string | undefined
  readonly shell: boolean
  readonly description: string
}

/** Names of all applications, sorted. */
export async function listApplications(disk: Disk, layout: Layout): Promise<string[]> {
  const entries = (await unlessGone(disk.list(layout.apps))) ?? []
  return entries
    .filter(({ name }) => name.endsWith('.yaml'))
    .map(({ name }) => name.slice(0, -'.yaml'.length))
    .sort()
}

/** @throws BjobError `unknown-application`, `bad-application` */
export async function readApplication(disk: Disk, layout: Layout, name: string): Promise<Application> {
  const file = layout.app(checkName('application', name))
  const text = await unlessGone(readPersonsText(disk, file))
  if (text === undefined) {
    const known = await listApplications(disk, layout)
    throw requestError('unknown-application', `no such application: ${name}${didYouMean(name, known)}`, {
      field: 'application',
      hint:
        known.length === 0
          ? `register it: bjob app add ${name} --executable 'COMMAND'`
          : `registered: ${known.join(', ')}`,
    })
  }
  return parseApplication(name, text, file)
}

/** Validates and writes an application. @throws BjobError `name-taken`, `bad-application` */
export async function addApplication(disk: Disk, layout: Layout, application: Application): Promise<void> {
  const file = layout.app(checkName('application', application.name))
  if ((await disk.stat(file)) !== undefined) {
    throw requestError('name-taken', `application ${application.name} already exists`, {
      path: file,
      hint: `edit that file, or remove it first with \`bjob app rm ${application.name}\``,
    })
  }
  const { name, executable, preprocess, postprocess, envscript, shell, description } = application
  const text = formatYaml({
    executable,
    ...defined({ preprocess, postprocess, envscript }),
    ...(shell ? { shell } : {}),
    ...(description === '' ? {} : { description }),
  })
  parseApplication(name, text, file)
  await disk.makeParents(layout.apps)
  await replaceFile(disk, file, text)
}

/** @throws BjobError `unknown-application` */
export async function removeApplication(disk: Disk, layout: Layout, name: string): Promise<void> {
  await readApplication(disk, layout, name)
  await disk.unlink(layout.app(name))
}

/** bash sources the file without arguments, then replaces itself by the command. */
const WITH_ENVSCRIPT = '__bjob_words=("$@"); set --; source "$0" && exec "${__bjob_words[@]}"'

/** The command of `application` with `args`, with `{site}` filled in. */
export function commandOf(application: Application, args: readonly string[], root: string): string[] {
  const words = wordsOf(application, application.executable, args, root)
  const { envscript } = application
  // Without a slash, bash would search the PATH; relative files are the site's.
  return envscript === undefined
    ? words
    : ['/bin/bash', '-c', WITH_ENVSCRIPT, path.resolve(root, envscript.replaceAll('{site}', root)), ...words]
}

/** The command of a hook; `undefined` if the application has none. */
export function hookOf(
  application: Application,
  hook: 'preprocess' | 'postprocess',
  root: string,
): string[] | undefined {
  const line = application[hook]
  return line === undefined ? undefined : wordsOf(application, line, undefined, root)
}

function wordsOf(
  { name, shell }: Application,
  line: CommandLine,
  args: readonly string[] | undefined,
  root: string,
): string[] {
  const fill = (word: string): string => word.replaceAll('{site}', root)
  if (shell) {
    const text = typeof line === 'string' ? line : line.join(' ')
    // `"$@"` passes the job's words unchanged, as data.
    return ['/bin/sh', '-c', args === undefined ? fill(text) : `${fill(text)} "$@"`, name, ...(args ?? [])]
  }
  return [...(typeof line === 'string' ? splitShellWords(line) : line).map(fill), ...(args ?? [])]
}

/**
 * Makes words that name files in `folder` independent of it: `{site}/…` inside the site, absolute
 * outside.
 */
export function anchorWords(
  words: readonly string[],
  folder: string,
  root: string,
  isFile: (file: string) => boolean,
): string[] {
  return words.map((word, index) => {
    if (path.isAbsolute(word) || word.startsWith('-') || word.includes('{site}')) return word
    const file = path.resolve(folder, word)
    if (index === 0 && !word.includes('/')) return word
    if (!isFile(file)) return word
    return file.startsWith(`${root}/`) ? `{site}${file.slice(root.length)}` : file
  })
}

function parseApplication(name: string, text: string, file: string): Application {
  const yaml = parseYaml(text, file)
  const parsed = v.safeParse(schema, withPlain(yaml.written, ['shell']))
  if (!parsed.success) {
    const { path, message, isUnknown } = firstProblem(parsed.issues)
    const field = path.map(String).join('.')
    throw requestError('bad-application', isUnknown ? unknownField(field) : `${field || 'the file'} ${message}`, {
      path: file,
      ...yaml.locate(path),
      field,
    })
  }
  const { shell } = parsed.output
  for (const field of ['executable', 'preprocess', 'postprocess'] as const) {
    const line = parsed.output[field]
    if (shell || typeof line !== 'string') continue
    try {
      splitShellWords(line)
    } catch (error) {
      throw requestError('bad-application', `${field} ${error instanceof Error ? error.message : 'cannot be split'}`, {
        path: file,
        ...yaml.locate([field]),
        field,
      })
    }
  }
  return { name, ...parsed.output }
}

function unknownField(name: string): string {
  return `unknown field ${name}${didYouMean(name, Object.keys(FIELDS))}`
}
