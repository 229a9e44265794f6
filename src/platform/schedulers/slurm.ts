/** Slurm: sbatch(1), squeue(1), scancel(1) and the output environment variables of sbatch(1). */
import {
  type BatchState,
  type BatchStatus,
  type Scheduler,
  badOutput,
  completeStatus,
  quoteDirective,
} from './scheduler.ts'
import { nodeSizesCommand, readJobId, readNodeList, readSlurmAllocation } from './slurm-allocation.ts'
import { formatWalltime, parseWalltime } from './walltime.ts'

/** squeue(1), JOB STATE CODES. Other codes mean that the job has ended. */
const STATES: Readonly<Record<string, BatchState>> = {
  PENDING: 'queued',
  REQUEUED: 'queued',
  REQUEUE_HOLD: 'queued',
  REQUEUE_FED: 'queued',
  RESV_DEL_HOLD: 'queued',
  SPECIAL_EXIT: 'queued',
  CONFIGURING: 'running',
  COMPLETING: 'running',
  RESIZING: 'running',
  RUNNING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'running',
  STOPPED: 'running',
  SUSPENDED: 'running',
}

export const slurm: Scheduler = {
  name: 'slurm',
  directivePrefix: '#SBATCH',
  variables: {
    id: ['SLURM_JOB_ID', 'SLURM_JOBID'],
    names: /^_?(?:SLURM|SLURMD|SBATCH|SALLOC|SRUN)_\w+$/,
    // SLURM_MPI_TYPE is set by the user or by an outer srun; an inner srun uses it as its default
    // too.
    configuration:
      /^SLURM_(?:CONF|CONF_SERVER|CLUSTERS|JWT|HOME|ROOT|DIR|MPI_TYPE|TIME_FORMAT|BITSTR_LEN|DEBUG_FLAGS)$/,
    task: /^SLURM_(?:PROCID|LOCALID|NODEID|GTIDS|TASK_PID|STEPID|STEP_\w+|NTASKS\w*|NPROCS|(?:CPUS|GPUS|TRES)_PER_TASK|SRUN_COMM_\w+|LAUNCH_NODE_IPADDR|(?:CPU|MEM|GPU)_BIND\w*|PMIX?_?\w*)$/,
  },
  // sbatch(1), filename pattern: `%%` is a percent sign. A backslash, even quoted, would disable
  // patterns.
  formatOutput: (path) => quoteDirective(path.replaceAll('%', '%%')),
  isInside: (env) => readJobId(env) !== undefined && readNodeList(env) !== undefined,
  isInstalled: (has) => has('sbatch'),
  allocationSources: (env) => ({ command: nodeSizesCommand(readNodeList(env) ?? '') }),

  readAllocation: readSlurmAllocation,

  timeLeftCommand: (id) => ['squeue', '--noheader', `--jobs=${id}`, '--format=%L'],

  parseTimeLeft(output) {
    const text = output.trim()
    if (text === 'INVALID') return 0
    if (text === '' || text === 'NOT_SET') throw badOutput('slurm', 'the time left', output)
    return parseWalltime(text)
  },

  submitCommand: (scriptPath) => ({ args: ['sbatch', '--parsable', scriptPath] }),

  parseSubmitted(output) {
    // Site plug-ins print messages before the id; with --parsable the id is `12345` or
    // `12345;cluster`.
    const id = output.split('\n').map((line) => /^(\d+)(?:;\S+)?$/.exec(line.trim())?.[1])
    const found = id.findLast((match) => match !== undefined)
    if (found === undefined) throw badOutput('slurm', "the new job's id", output)
    return found
  },

  statusCommand: (ids) => ['squeue', '--noheader', '--states=all', '--format=%i|%T', `--jobs=${ids.join(',')}`],

  parseStatus(output, ids) {
    const found = new Map<string, BatchStatus>()
    for (const line of output.split('\n')) {
      const [id, raw] = line.trim().split('|')
      if (id !== undefined && raw !== undefined) found.set(id, { state: STATES[raw] ?? 'ended', raw })
    }
    return completeStatus(found, ids)
  },

  cancelCommand: (ids) => ['scancel', ...ids],
  formatLimit: formatWalltime,
}
