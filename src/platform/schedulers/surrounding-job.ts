/**
 * Removes the variables of a surrounding batch job, step task or bjob job from an environment. A
 * new allocation must inherit none of them, and a job none of its launcher's task: MPI_Init would
 * take the job for a rank of another program.
 */
import { JOB_VARIABLES } from '../../core/job/job-variables.ts'
import { ALL_GPU_VARIABLES } from './gpu.ts'
import { type Environment, type Scheduler, readVariable } from './scheduler.ts'
import { SCHEDULERS, detectAllocation } from './schedulers.ts'

/**
 * Variables by which MPI process managers describe a rank, but not the user's own settings
 * (`PMIX_MCA_…`, `OMPI_MCA_btl…`).
 */
const RANK =
  /^(?:PMI_(?!MMAP_|NO_|DEBUG)\w+|PMIX_(?!MCA_|INSTALL_PREFIX)\w+|OMPI_(?:COMM_WORLD_\w+|UNIVERSE_SIZE|APP_CTX_\w+|FILE_LOCATION|FIRST_RANKS|NUM_APP_CTX|ARGV|COMMAND|MCA_(?:orte_\w+|ess\w*|pmix\w*|initial_wdir|shmem_RUNTIME_QUERY_hint|mpi_oversubscribe))|PRTE_(?:LAUNCHED|MCA_(?:ess\w*|prte_\w+))|HYDI_\w+|MPI_LOCALRANKID|MPI_LOCALNRANKS|MV2_COMM_WORLD_\w+|PALS_\w+|ALPS_APP_\w+)$/

/** Variables of folders that a batch job gets for itself and that disappear with it. */
const TEMPORARY_FOLDERS = ['TMPDIR', 'TMP', 'TEMP', 'TEMPDIR', 'XDG_RUNTIME_DIR']

/**
 * The environment for a job's processes, from a launcher that may itself run in a task or a job.
 */
export function withoutTask(env: Environment): Environment {
  return pick(env, (name) => !JOB_VARIABLES.includes(name) && !isOfTask(name))
}

/**
 * The environment for a command that requests a new allocation from `target`. Outside any job it is
 * `env` itself, with the user's variables for the scheduler's commands, such as SBATCH_ACCOUNT.
 */
export function withoutJob(env: Environment, target: Scheduler): Environment {
  const surrounding = detectAllocation(env)
  const isOutside = surrounding.name === 'none' && !Object.keys(env).some(isOfTask)
  if (isOutside && readVariable(env, 'BJOB_JOB_ID') === undefined) return env
  const isOfJob = (name: string): boolean =>
    JOB_VARIABLES.includes(name) ||
    ALL_GPU_VARIABLES.includes(name) ||
    RANK.test(name) ||
    surrounding.variables.plainNames?.test(name) === true ||
    SCHEDULERS.some(({ variables }) => variables.names.test(name) && !variables.configuration.test(name))
  const id = surrounding.variables.id.map((name) => readVariable(env, name)).find((value) => value !== undefined)
  const kept = pick(
    env,
    (name, value) => !isOfJob(name) && !(TEMPORARY_FOLDERS.includes(name) && isNamedAfter(value, id)),
  )
  // Flux's address alone would make the new batch job look like one of Flux.
  return SCHEDULERS.filter(
    (other) => other.name !== target.name && other.name !== 'none' && other.isInside(kept),
  ).reduce((rest, { variables }) => pick(rest, (name) => !variables.names.test(name)), kept)
}

function isOfTask(name: string): boolean {
  return RANK.test(name) || SCHEDULERS.some(({ variables }) => variables.task.test(name))
}

/**
 * True if a folder is named after a batch job, like `/tmp/5.1.all.q` and `/var/tmp/pbs.15.login`.
 */
function isNamedAfter(folder: string, jobId: string | undefined): boolean {
  const number = /^\d+/.exec(jobId ?? '')?.[0]
  return number !== undefined && folder.split(/\D+/).includes(number)
}

function pick(env: Environment, isKept: (name: string, value: string) => boolean): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => value !== undefined && isKept(name, value)))
}
