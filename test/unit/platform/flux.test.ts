import { describe, expect, test } from 'vitest'

import { flux } from '../../../src/platform/schedulers/flux.ts'

const hostName = 'x'

/** Flux RFC 20, version 1, its groups not in the order of the ranks. */
const RESOURCES = JSON.stringify({
  version: 1,
  execution: {
    R_lite: [
      { rank: '2', children: { core: '0-1' } },
      { rank: '0-1', children: { core: '0-3', gpu: '0,1' } },
    ],
    starttime: 0,
    expiration: 0,
    nodelist: ['fluke[3,5-6]'],
  },
})

describe('flux allocation', () => {
  test('asks the instance and reads its resource set', () => {
    const env = { FLUX_URI: 'local:///tmp/flux', FLUX_ENCLOSING_ID: 'ƒD2e73NP' }
    expect(flux.allocationSources(env).command).toEqual(['flux', 'resource', 'R', '--states=up'])
    const { schedulerId, nodes } = flux.readAllocation(env, { output: RESOURCES, hostName })
    expect(schedulerId).toBe('ƒD2e73NP')
    expect(nodes).toEqual([
      { name: 'fluke3', cores: 4, coreIds: [0, 1, 2, 3], gpus: 2, gpuIds: ['0', '1'] },
      { name: 'fluke5', cores: 4, coreIds: [0, 1, 2, 3], gpus: 2, gpuIds: ['0', '1'] },
      { name: 'fluke6', cores: 2, coreIds: [0, 1], gpus: 0, gpuIds: [] },
    ])
  })

  test.each(['', 'flux-resource: ERROR: no', '{"version":1}'])('unreadable: %j', (output) => {
    expect(() => flux.readAllocation({}, { output, hostName })).toThrow('cannot read its resources from flux')
  })

  test('as many names as ranks', () => {
    const output = RESOURCES.replace('fluke[3,5-6]', 'fluke[3,5]')
    expect(() => flux.readAllocation({}, { output, hostName })).toThrow('3 ranks have 2 names')
  })
})

describe('flux commands', () => {
  test('time left', () => {
    expect(flux.parseTimeLeft('3599\n', 0)).toBe(3599)
    expect(flux.parseTimeLeft('4294967295\n', 0)).toBe(Infinity)
    expect(() => flux.parseTimeLeft('flux-job: not a job', 0)).toThrow('cannot read the time left from flux')
  })

  test('submit', () => {
    expect(flux.submitCommand('b.sh').args).toEqual(['flux', 'batch', 'b.sh'])
    expect(flux.parseSubmitted('ƒ2kfCdBQ\n')).toBe('ƒ2kfCdBQ')
    expect(flux.parseSubmitted('f2kfCdBQ')).toBe('f2kfCdBQ')
    expect(() => flux.parseSubmitted('flux-batch: error')).toThrow("the new job's id")
  })

  test('status of many, whichever letter starts the id', () => {
    const output = 'fAbc 120 RUN\nfDef 121 SCHED\nfGhi 122 CANCELED\n'
    expect(Object.fromEntries(flux.parseStatus(output, ['ƒAbc', 'fDef', '122', 'fXyz']))).toEqual({
      ƒAbc: { state: 'running', raw: 'RUN' },
      fDef: { state: 'queued', raw: 'SCHED' },
      122: { state: 'ended', raw: 'CANCELED' },
      fXyz: { state: 'unknown', raw: '' },
    })
  })

  test('limit is a Flux duration', () => {
    expect(flux.formatLimit(90.5)).toBe('91s')
    expect(flux.formatLimit(Infinity)).toBe('0')
  })
})
