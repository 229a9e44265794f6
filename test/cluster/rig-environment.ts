/** The environment in which this folder's scripts run, and what they start. */
import { loginEnvironment } from '../rig/environment.mjs'

/** The choices that README.md of this folder describes. */
const CHOICES = ['NFS_DIR', 'GLUSTER_DIR', 'SLURM_DIR']

export function rigEnvironment(): Record<string, string> {
  const chosen = CHOICES.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return { ...loginEnvironment(), ...Object.fromEntries(chosen) }
}
