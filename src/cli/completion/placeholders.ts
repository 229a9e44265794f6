/**
 * Values for the placeholders of a usage, such as `[ID…]` and `--state STATE`. Fast even with a
 * million jobs on a network file system: at most one folder is listed, and no job is read.
 */
import path from 'node:path'
import { DEFAULT_WORKFLOW, nameProblem } from '../../core/job/id.ts'
import { SHOWN_STATES } from '../../core/life/states.ts'
import { FIELD_NAMES } from '../../core/job/job-values.ts'
import { listApplications } from '../../site/applications.ts'
import { unlessGone } from '../../site/disk/disk.ts'
import { listLaunchers } from '../../site/launcher/launchers.ts'
import { isScaffold } from '../../site/disk/layout.ts'
import { type Site, openTree } from '../../site/site.ts'
import { listNames, listWorkflows } from '../../site/disk/job-folder.ts'

/** Completed by the shell itself. */
export type FileKind = ':files' | ':folders'

export interface Context {
  /** The typed part of the word. */
  readonly typed: string
  /** The positional words before it. */
  readonly before: readonly string[]
  readonly packageRoot: string
}

type Source = (context: Context) => Promise<readonly string[] | FileKind>

const files: Source = async () => ':files'
const folders: Source = async () => ':folders'
const jobs: Source = async ({ typed }) => jobIds(await openTree(), typed)

const SOURCES: Readonly<Record<string, Source>> = {
  ID: jobs,
  IDS: jobs,
  PARENT: jobs,
  CHILD: jobs,
  JOB_FILE: jobFiles,
  WORKFLOW: async () => listWorkflows(await openTree()),
  APP: async () => {
    const { disk, layout } = await openTree()
    return listApplications(disk, layout)
  },
  LAUNCHER: async () => listLaunchers(await openTree()),
  STATE: async () => SHOWN_STATES,
  'FIELD=VALUE': async () => [...FIELD_NAMES, 'data'].map((field) => `${field}=`),
  TEMPLATE: async ({ packageRoot }) => {
    const { listTemplates } = await import('../../client/make-site.ts')
    return listTemplates(path.join(packageRoot, 'templates'))
  },
  MACHINE: async ({ packageRoot }) => {
    const { listMachines } = await import('../../client/make-site.ts')
    return listMachines(path.join(packageRoot, 'templates', 'machines'))
  },
  FILE: files,
  FILES: files,
  ARG: files,
  'SPACE.yaml': files,
  DIR: folders,
  FOLDER: folders,
}

/**
 * The values of a placeholder; several may be combined, as in `ID|LAUNCHER`, and lower-case words
 * stand for themselves.
 * @throws BjobError without a site, and the file system's errors
 */
export async function wordsFor(placeholder: string, context: Context): Promise<readonly string[] | FileKind> {
  const words: string[] = []
  for (const choice of placeholder.split('|')) {
    const source = SOURCES[choice]
    const found = source === undefined ? (/^[a-z-]+$/.test(choice) ? [choice] : []) : await source(context)
    if (typeof found === 'string') return found
    words.push(...found)
  }
  return words
}

/**
 * The workflows, such as `dl-hps/`, with the jobs of the default one; or the jobs of the typed
 * workflow.
 */
async function jobIds(site: Site, typed: string): Promise<string[]> {
  const slash = typed.indexOf('/')
  if (slash >= 0) {
    const workflow = typed.slice(0, slash)
    return (await listJobs(site, workflow)).map((name) => `${workflow}/${name}`)
  }
  const workflows = await listWorkflows(site)
  return [...workflows.map((name) => `${name}/`), ...(await listJobs(site, DEFAULT_WORKFLOW))]
}

async function listJobs(site: Site, workflow: string): Promise<string[]> {
  return nameProblem(workflow) === undefined ? listNames(site, workflow) : []
}

/** The files of the job named before. */
async function jobFiles({ before }: Context): Promise<readonly string[]> {
  const { disk, layout } = await openTree()
  const entries = (await unlessGone(disk.list(layout.job(before.at(-1) ?? '').dir))) ?? []
  return entries.filter(({ name, isDirectory }) => !isDirectory && !isScaffold(name)).map(({ name }) => name)
}
