/** Names that commands have in other tools: schedulers, HyperQueue, GNU parallel, Balsam. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    spawn: ['add', 'create', 'new', 'job', 'enqueue', 'parallel'],
    launch: ['run', 'start', 'launcher', 'worker', 'work', 'srun'],
    submit: ['sbatch', 'qsub', 'bsub', 'alloc', 'allocate', 'salloc', 'submit-launch'],
    'ls --by-state': ['status', 'queue', 'squeue', 'qstat', 'bjobs', 'stat', 'summary', 'progress'],
    'ls launchers': ['launchers', 'workers', 'nodes', 'sinfo'],
    ls: ['list', 'jobs', 'sacct'],
    show: ['info', 'describe', 'inspect', 'details', 'get'],
    log: ['tail', 'logs', 'output', 'stdout', 'peek'],
    kill: ['stop', 'cancel', 'abort', 'scancel', 'qdel', 'bkill', 'terminate'],
    rm: ['delete', 'remove', 'del', 'purge', 'clean'],
    retry: ['rerun', 'restart', 'resubmit', 'requeue', 'resume'],
    set: ['modify', 'update', 'edit', 'alter', 'change'],
    clone: ['copy', 'cp', 'duplicate'],
    watch: ['top', 'monitor', 'dashboard'],
    wait: ['join', 'sync'],
    results: ['result', 'collect', 'fetch', 'gather'],
    report: ['plot', 'stats', 'chart', 'journal'],
    init: ['setup', 'site', 'init-site'],
    'app ls': ['apps', 'applications'],
    'app add': ['register', 'define'],
    fsck: ['check', 'repair', 'verify', 'fix'],
    tune: ['optimize', 'optimise', 'search', 'sweep', 'hpo'],
    why: ['explain', 'reason', 'pending'],
    dep: ['depend', 'dependency', 'after'],
    history: ['events', 'trace'],
  }).flatMap(([command, words]) => words.map((word) => [word, command] as const)),
)

/** The command that another tool calls `word`. */
export function commandFor(word: string): string | undefined {
  return SYNONYMS.get(word.toLowerCase())
}
