/** The fields of `job.yaml` and their defaults, in the order in which it is written; both are Balsam's (`BalsamJob`, 0.5.0). */
export const DEFAULTS = {
  application: undefined,
  args: [] as string[],
  input_files: [] as string[],
  input_mode: undefined,
  stage_in_url: [] as string[],
  stage_out_url: undefined,
  stage_out_files: [] as string[],
  parents: [] as string[],
  wait_for_parents: true,
  description: '',
  tags: {} as Record<string, string>,
  priority: 0,
  wall_time_minutes: 1,
  timeout_minutes: undefined,
  num_nodes: 1,
  ranks_per_node: 1,
  threads_per_rank: 1,
  threads_per_core: 1,
  gpus_per_rank: 0,
  node_packing_count: 1,
  cpu_affinity: 'none' as 'none' | 'depth',
  mpi_flags: [] as string[],
  environ_vars: {} as Record<string, string>,
  post_error_handler: false,
  post_timeout_handler: false,
  auto_timeout_retry: true,
  max_retries: 0,
  retry_delay_seconds: 0,
}

/** As job.yaml spells them. */
export const FIELD_NAMES: readonly string[] = Object.keys(DEFAULTS)
