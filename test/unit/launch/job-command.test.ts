import { describe, expect, test } from 'vitest'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import { NodePool } from '../../../src/core/placement/node-pool.ts'
import { requestOf } from '../../../src/core/placement/placement-request.ts'
import type { Allocation } from '../../../src/launch/allocation.ts'
import { buildJobCommand } from '../../../src/launch/run/job-command.ts'
import { findMpiLauncher } from '../../../src/platform/mpi/mpi-launchers.ts'
import { findScheduler } from '../../../src/platform/schedulers/schedulers.ts'
import { directDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { parseSettings } from '../../../src/site/settings.ts'
import { Site } from '../../../src/site/site.ts'

const site = new Site(new Layout('/site'), directDisk, parseSettings('', 'bjob.yaml'))
const nodes = ['n1', 'n2'].map((name) => ({ name, cores: 8, gpus: 0 }))
const allocation: Allocation = {
  scheduler: findScheduler('none'),
  schedulerId: undefined,
  nodes,
  head: 'n1',
  deadlineMs: Infinity,
  submissionScheduler: undefined,
  cpusPerCore: 1,
  mpi: findMpiLauncher('openmpi'),
  agentLauncher: undefined,
  gpuVariable: 'CUDA_VISIBLE_DEVICES',
}

function commandOf(record: Readonly<Record<string, unknown>>): readonly string[] {
  const spec = decodeSpec({ application: 'sim', args: ['in.dat'], ...record })
  const pool = new NodePool(nodes)
  const request = requestOf('w/a', spec)
  const found = pool.findNodes(request)
  if (found === undefined) throw new Error('no room')
  const assignment = pool.place(request, found)
  const application = { name: 'sim', executable: ['sim'], shell: false, description: '' }
  const job = { id: 'w/a', launcher: 'l', attempt: 1, spec, application, assignment }
  return buildJobCommand(site, allocation, job).words
}

describe('the command of a job', () => {
  test('of one rank is its own', () => {
    expect(commandOf({})).toEqual(['sim', 'in.dat'])
  })

  test("of several ranks is the MPI launcher's, with the fields of the job", () => {
    const run = {
      hosts: ['n1', 'n2'],
      ranksPerNode: 3,
      threadsPerRank: 2,
      threadsPerCore: 1,
      gpusPerRank: 0,
      cpuAffinity: 'depth',
      mpiFlags: ['--flag'],
    }
    const words = commandOf({
      num_nodes: 2,
      ranks_per_node: 3,
      threads_per_rank: 2,
      cpu_affinity: 'depth',
      mpi_flags: ['--flag'],
    })
    const { args } = findMpiLauncher('openmpi').buildInvocation({ ...run, forwardEnv: [], command: ['sim', 'in.dat'] })
    // The variables that the ranks get are others with every job.
    const withoutVariables = (all: readonly string[]): readonly string[] =>
      all.filter((word, at) => word !== '-x' && all[at - 1] !== '-x')
    expect(withoutVariables(words)).toEqual(withoutVariables(args))
    expect(words).toEqual(expect.arrayContaining(['--flag', 'sim', 'in.dat']))
  })
})
