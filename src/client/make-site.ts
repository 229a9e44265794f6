/** Makes a new site, empty or from a template. */
import fs from 'node:fs'
import path from 'node:path'
import { requestError } from '../core/text/errors.ts'
import { didYouMean } from '../lib/text/nearest.ts'
import { hasCommand } from '../lib/process/run-command.ts'
import { detectSubmission } from '../platform/schedulers/schedulers.ts'
import { type Disk, diskFor, directDisk, makeParents } from '../site/disk/disk.ts'
import { replaceFile } from '../site/disk/files.ts'
import { JournalMark } from '../site/journal/journal-mark.ts'
import { parseSettings } from '../site/settings.ts'
import { Layout, SITE_FILE } from '../site/disk/layout.ts'

/** Each value is the default; omitted settings keep it. */
const SETTINGS_TEXT = `# Settings of a bjob site. Each setting is shown with its default; remove the # to change it.
format: 1

# Time without a sign of life, in seconds, after which a launcher counts as dead and its jobs run again elsewhere.
# A live launcher renews its lease six times within this period. A longer period tolerates a slow file system;
# a shorter one detects a dead node sooner.
# lease_seconds: 30

# Time between SIGTERM and SIGKILL when a job is stopped, in seconds, for example to write a checkpoint.
# grace_seconds: 10

# Time limit of an application's preprocess and postprocess, in seconds.
# hook_seconds: 300

# Time limit of one transfer of stage_in_url or stage_out_files, in seconds.
# stage_seconds: 3600

# Interval between looks at the journal on a network file system, in seconds.
# poll_seconds: 1

# The failure that a completed change survives: node (a crash of the machine; costs one flush per group of changes)
# or process (a crash of bjob only). On a network file system, bjob always flushes.
# durability: node

# Batch scheduler and MPI launcher; auto detects them. A launcher may have flags: mpi: [srun, --mpi=pmix].
# scheduler: auto
# mpi: auto

# Resources of one node, where neither the scheduler nor the machine reports them.
# node:
#   cores: 64
#   gpus: 0
#   memory_mib: 256000

# Additions to each batch script: directives without the scheduler's prefix, commands to run before the launcher,
# and the command that starts bjob on compute nodes, if it differs from the one here.
# batch:
#   directives: [--constraint=gpu]
#   setup: [module load bjob]
#   command: [bjob]

# Defaults for fields of job.yaml in new jobs.
# defaults:
#   wall_time_minutes: 10
#   max_retries: 2
#   crash_limit: 3
`

export interface SiteParts {
  /** A folder to copy, absolute. */
  readonly template?: string | undefined
  /** The settings file of a machine, absolute. */
  readonly machine?: string | undefined
  /**
   * bjob's templates of batch scripts: the one for the machine's scheduler, or the installed one,
   * is copied into the site.
   */
  readonly batchTemplates?: string | undefined
}

/**
 * @param folder the new site's folder, absolute; created if missing
 * @throws BjobError `site-exists`; the file system's errors
 */
export async function makeSite(folder: string, parts: SiteParts = {}): Promise<void> {
  const { template, machine, batchTemplates } = parts
  const layout = new Layout(folder)
  if (fs.existsSync(layout.settings)) {
    throw requestError('site-exists', `${folder} is already a site`)
  }
  await makeParents(directDisk, folder)
  const disk = diskFor(folder)
  await disk.makeParents(layout.apps)
  await disk.makeParents(layout.jobs)
  await new JournalMark({ disk, layout }).make()
  if (template !== undefined) {
    const taken = fs
      .readdirSync(template)
      .find((name) => fs.existsSync(path.join(folder, name)) && name !== 'apps' && name !== 'jobs')
    if (taken !== undefined)
      throw requestError('name-taken', `${folder} already has ${taken}, which the template would write`, {
        path: path.join(folder, taken),
        hint: 'make the site in another folder, or move that file away',
      })
    for (const name of fs.readdirSync(template))
      if (name !== SITE_FILE) await disk.copy(path.join(template, name), path.join(folder, name))
  }
  const file = machine ?? (template === undefined ? undefined : path.join(template, SITE_FILE))
  const settings = file === undefined ? SETTINGS_TEXT : fs.readFileSync(file, 'utf8')
  if (batchTemplates !== undefined) {
    const { scheduler } = parseSettings(settings, file ?? layout.settings)
    await copyBatchTemplate(disk, layout, batchTemplates, scheduler)
  }
  // Written last, because this file makes the folder a site.
  await replaceFile(disk, layout.settings, settings)
}

async function copyBatchTemplate(disk: Disk, layout: Layout, folder: string, scheduler: string): Promise<void> {
  const name = scheduler === 'auto' ? detectSubmission(hasCommand).name : scheduler
  const from = path.join(folder, `${name}.sh`)
  const to = layout.batchTemplate(name)
  if (!fs.existsSync(from) || fs.existsSync(to)) return
  await disk.makeParents(layout.templates)
  await disk.copy(from, to)
}

/** The site templates in `folder`: subfolders with settings of a site. */
export function listTemplates(folder: string): string[] {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder)
    .filter((name) => fs.existsSync(path.join(folder, name, SITE_FILE)))
    .sort()
}

/** The machines with settings in `folder`. */
export function listMachines(folder: string): string[] {
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : []
  return files.flatMap((name) => (name.endsWith('.yaml') ? [path.basename(name, '.yaml')] : [])).sort()
}

/** @returns the template's folder @throws BjobError `unknown-template` */
export function findTemplate(folder: string, name: string): string {
  checkKnown('template', name, listTemplates(folder))
  return path.join(folder, name)
}

/** @returns the machine's file @throws BjobError `unknown-machine` */
export function findMachine(folder: string, name: string): string {
  checkKnown('machine', name, listMachines(folder))
  return path.join(folder, `${name}.yaml`)
}

function checkKnown(what: 'template' | 'machine', name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  throw requestError(`unknown-${what}`, `unknown ${what} ${name}${didYouMean(name, known)}`, {
    hint: known.length === 0 ? `omit --${what}` : `choices: ${known.join(', ')}`,
  })
}
