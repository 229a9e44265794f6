/** No scheduler: this machine is the allocation, without a time limit. */
import { requestError } from '../../core/text/errors.ts'
import { readVisibleGpus } from './gpu.ts'
import { NO_VARIABLE, type Scheduler, completeStatus } from './scheduler.ts'
import { formatWalltime } from './walltime.ts'

export const none: Scheduler = {
  name: 'none',
  directivePrefix: '#',
  variables: { id: [], names: NO_VARIABLE, configuration: NO_VARIABLE, task: NO_VARIABLE },
  formatOutput: (path) => path,
  isInside: () => true,
  isInstalled: () => true,
  allocationSources: () => ({}),

  readAllocation(env, texts) {
    const visible = readVisibleGpus(env)
    const gpus = visible === undefined ? {} : { gpus: visible.length, gpuIds: visible }
    return { nodes: [{ name: texts.hostName, ...gpus }] }
  },

  timeLeftCommand: () => undefined,
  parseTimeLeft: () => Infinity,
  submitCommand: refuse,
  parseSubmitted: refuse,
  statusCommand: refuse,
  parseStatus: (_output, ids) => completeStatus(new Map(), ids),
  cancelCommand: refuse,
  formatLimit: formatWalltime,
}

function refuse(): never {
  throw requestError('no-scheduler', 'no batch scheduler found on this machine')
}
