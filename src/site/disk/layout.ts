/** All names in a site's tree. No other module builds these paths. */
import path from 'node:path'
import { type Aside, asideOf } from '../../core/job/aside.ts'
import { type JobId, jobId, splitId } from '../../core/job/id.ts'

export const SITE_FILE = 'bjob.yaml'
export const JOB_FILE = 'job.yaml'
export const STATE_FILE = 'state.yaml'
export const DATA_FILE = 'data.json'

/** A folder under construction, beside its final place. Names of jobs never start with a dot. */
const ASIDE = '.new-'
/**
 * A change in progress in a job's folder: the symlink that claims a revision, and the draft of
 * state.yaml.
 */
const REVISION = '.revision-'
const DRAFT = '.state-'
const LOCK = '.lock'
const VERDICT = '.verdict'
/** By custom: what a job leaves for its driver. */
const RESULTS = ['result.dat', 'progress.dat']
/** A temporary file of a replacement (see files.ts): `.job.yaml-<token>`. */
const REPLACEMENT = /^\..+-.+-\d+-[0-9a-z]{10}-[0-9a-z]+$/

export interface JobPaths {
  readonly dir: string
  readonly job: string
  readonly state: string
  readonly data: string
  readonly lock: string
  /** The verdict of the job's postprocess. */
  readonly verdict: string
}

export class Layout {
  readonly root: string
  readonly settings: string
  readonly apps: string
  readonly jobs: string
  readonly launchers: string
  readonly journal: string
  readonly trash: string
  /** The site's own templates of batch scripts, editable by the user. */
  readonly templates: string
  readonly submissions: string

  /** @param root the site's folder, absolute */
  constructor(root: string) {
    this.root = root
    this.settings = path.join(root, SITE_FILE)
    this.apps = path.join(root, 'apps')
    this.jobs = path.join(root, 'jobs')
    this.launchers = path.join(root, 'launchers')
    this.journal = path.join(root, 'journal')
    this.trash = path.join(root, 'trash')
    this.templates = path.join(root, 'templates')
    this.submissions = path.join(root, 'submissions')
  }

  app(name: string): string {
    return path.join(this.apps, `${name}.yaml`)
  }

  workflow(name: string): string {
    return path.join(this.jobs, name)
  }

  /** @throws BjobError if `id` is not an id */
  job(id: JobId): JobPaths {
    const { workflow, name } = splitId(id)
    return pathsIn(`${this.jobs}/${workflow}/${name}`)
  }

  /**
   * Where a job's folder is built: in the same parent, so that the rename stays within one
   * directory.
   */
  aside(workflow: string, token: string): JobPaths {
    return pathsIn(`${this.jobs}/${workflow}/${ASIDE}${token}`)
  }

  launcher(id: string): {
    readonly dir: string
    readonly lease: string
    readonly settings: string
    readonly log: string
    /** The previous log. */
    readonly oldLog: string
  } {
    const dir = path.join(this.launchers, id)
    return {
      dir,
      lease: path.join(dir, 'lease.yaml'),
      settings: path.join(dir, 'launcher.yaml'),
      log: path.join(dir, 'launcher.log'),
      oldLog: path.join(dir, 'launcher.log.1'),
    }
  }

  batchTemplate(scheduler: string): string {
    return path.join(this.templates, `${scheduler}.sh`)
  }

  submission(id: string): {
    readonly dir: string
    readonly record: string
    readonly script: string
    readonly output: string
  } {
    const dir = path.join(this.submissions, id)
    return {
      dir,
      record: path.join(dir, 'submission.yaml'),
      script: path.join(dir, 'batch.sh'),
      output: path.join(dir, 'batch.out'),
    }
  }

  journalOf(host: string): string {
    return path.join(this.journal, `${host}.jsonl`)
  }

  /** Made with the journal; without it, the journal may not list all jobs. */
  get journalReadme(): string {
    return path.join(this.journal, 'README')
  }

  snapshot(name: string): string {
    return path.join(this.journal, `${name}.snapshot`)
  }

  trashed(id: JobId, token: string): string {
    const { workflow, name } = splitId(id)
    return path.join(this.trash, `${workflow}+${name}.${token}`)
  }

  /** True for names made by `trashed`. */
  static isTrashed(name: string): boolean {
    return /^[^.].*\+.+\..+-\d+-[0-9a-z]{10}-[0-9a-z]+$/.test(name)
  }

  /** True for a valid name of a job's folder. */
  isJobDir(dir: string): boolean {
    return path.dirname(path.dirname(dir)) === this.jobs
  }

  /** The id of the job whose folder contains `folder`, if any. */
  idOf(folder: string): JobId | undefined {
    const [workflow, name] = path.relative(this.jobs, folder).split(path.sep)
    return workflow === undefined || workflow === '..' || workflow === '' || name === undefined
      ? undefined
      : jobId(workflow, name)
  }
}

/** The files of the job whose folder is `dir`, wherever that is. */
export function pathsIn(dir: string): JobPaths {
  return {
    dir,
    job: `${dir}/${JOB_FILE}`,
    state: `${dir}/${STATE_FILE}`,
    data: `${dir}/${DATA_FILE}`,
    lock: `${dir}/${LOCK}`,
    verdict: `${dir}/${VERDICT}`,
  }
}

/** Where staged files arrive in a job's folder. */
export function stageInAside(launcher: string): Aside {
  return asideOf('.stage-in', launcher)
}

export function revisionPath(dir: string, revision: number): string {
  return `${dir}/${REVISION}${revision}`
}

export function draftPath(dir: string, token: string): string {
  return `${dir}/${DRAFT}${token}`
}

/** The draft of job.yaml for that change. */
export function specDraftPath(dir: string, token: string): string {
  return `${draftPath(dir, token)}-job`
}

/** The owner of a draft of state.yaml or job.yaml. */
export function draftOwner(name: string): string | undefined {
  return name.startsWith(DRAFT) ? name.slice(DRAFT.length).replace(/-job$/, '') : undefined
}

/** The output file of an attempt in the job's folder. */
export function outputName(attempt: number): string {
  return attempt <= 1 ? 'job.out' : `job.out.${attempt}`
}

/** True if a name in `jobs/` or below is bjob's scaffolding, not a workflow or a job. */
export function isScaffold(name: string): boolean {
  return name.startsWith('.')
}

/** The kind of a leftover in a job's folder, for clean-up. */
export function leftoverKind(name: string): 'revision' | 'draft' | 'lock' | 'aside' | undefined {
  if (name.startsWith(REVISION)) return 'revision'
  if (name.startsWith(DRAFT)) return 'draft'
  if (name.startsWith(ASIDE)) return 'aside'
  if (REPLACEMENT.test(name)) return 'draft'
  return name === LOCK ? 'lock' : undefined
}

/** Files in a job's folder that bjob reads, and that jobs and hooks write. */
export function isWritten(name: string): boolean {
  return (
    [...RESULTS, DATA_FILE, VERDICT].includes(name) ||
    /^job\.out(\.\d+)?$/.test(name) ||
    /^((pre|post)process|stage-(in|out))\.log$/.test(name)
  )
}

/** True for names that staged input must not take in a job's folder. */
export function isReserved(name: string): boolean {
  return isScaffold(name) || name === JOB_FILE || name === STATE_FILE || (isWritten(name) && !RESULTS.includes(name))
}
