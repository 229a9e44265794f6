/**
 * Chooses the variable that hides other jobs' GPUs. Exactly one is set: AMD's runtime applies
 * CUDA_VISIBLE_DEVICES to the GPUs left by ROCR_VISIBLE_DEVICES, so setting both to `4,5` would
 * leave none.
 */
import { type Environment, readVariable } from './scheduler.ts'

const GPU_VARIABLES = ['CUDA_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES', 'ZE_AFFINITY_MASK'] as const
/** Also the variables that change the meaning of the chosen one. */
export const ALL_GPU_VARIABLES: readonly string[] = [...GPU_VARIABLES, 'HIP_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL']

export type GpuVariable = (typeof GPU_VARIABLES)[number]

/**
 * The variable for this machine's GPUs: by the vendor's tools, else by the scheduler's variables,
 * else NVIDIA's.
 */
export function chooseGpuVariable(env: Environment, has: (command: string) => boolean): GpuVariable {
  if (has('nvidia-smi')) return 'CUDA_VISIBLE_DEVICES'
  if (has('rocminfo') || has('rocm-smi')) return 'ROCR_VISIBLE_DEVICES'
  if (has('xpu-smi')) return 'ZE_AFFINITY_MASK'
  return GPU_VARIABLES.find((name) => readVariable(env, name) !== undefined) ?? 'CUDA_VISIBLE_DEVICES'
}

/**
 * Changes to a job's environment that leave it these GPUs; undefined removes a variable. An empty
 * list hides all GPUs.
 */
export function buildGpuEnvironment(
  variable: GpuVariable,
  gpuIds: readonly string[],
): Record<string, string | undefined> {
  const changes: Record<string, string | undefined> = {}
  for (const name of ALL_GPU_VARIABLES) changes[name] = undefined
  changes[variable] = gpuIds.join(',')
  return changes
}

/** The GPUs that the scheduler gave this process; undefined if not reported. */
export function readVisibleGpus(env: Environment): string[] | undefined {
  for (const name of GPU_VARIABLES) {
    const value = readVariable(env, name)
    if (value === undefined || value === 'NoDevFiles') continue
    return value
      .split(',')
      .map((id) => id.trim())
      .filter((id) => id !== '')
  }
  return undefined
}
