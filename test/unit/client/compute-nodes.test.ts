import { describe, expect, test } from 'vitest'
import { readComplaint } from '../../../src/client/explain/batch-output.ts'
import { judgeReach } from '../../../src/client/explain/compute-nodes.ts'

const nfs = (file: string) => ({ file, type: 0x6969, isNetwork: true })
const ext4 = (file: string) => ({ file, type: 0xef53, isNetwork: false })

describe('whether compute nodes find bjob', () => {
  test('a shared site with all that starts bjob is in no doubt', () => {
    expect(judgeReach(nfs('/s'), [nfs('/n/node'), nfs('/n/bjob.js')])).toBeUndefined()
  })

  test('what is on this machine`s own disk is named, with what to do', () => {
    expect(judgeReach(nfs('/s'), [ext4('/usr/bin/node'), nfs('/n/bjob.js')])).toMatch(
      /^\/usr\/bin\/node \(ext4\) is on a local .* need it at the same path.* \(batch: command\)$/,
    )
    expect(judgeReach(nfs('/s'), [ext4('/a'), ext4('/b')])).toMatch(
      /^\/a \(ext4\) and \/b \(ext4\) are .* need them at/,
    )
  })

  test('of a site on this machine`s own disk, that is what matters', () => {
    expect(judgeReach(ext4('/tmp/s'), [ext4('/usr/bin/node')])).toMatch(
      /^the site is on .*, \/tmp\/s \(ext4\): compute/,
    )
  })
})

describe('what a batch script says when no launcher began', () => {
  test.each([
    ['bjob: node n1 has no /x/node: put it there\n', 'node n1 has no /x/node: put it there', true],
    ['Loading\nbjob needs Node.js 20.19 or newer; this is 12\n', 'bjob needs Node.js 20.19 or newer; this is 12', true],
    [
      'module: not found\n/site/batch.sh: line 9: /x/node: No such file\n\n',
      '/site/batch.sh: line 9: /x/node: No such file',
      false,
    ],
  ])('%j', (output, line, isFinal) => {
    expect(readComplaint(output)).toEqual({ line, isFinal })
  })

  test('a launcher that began, or silence, is no complaint', () => {
    expect(readComplaint('bjob: a note\nlauncher n1-7-abc on n1, 4 cores\nslurmstepd: error\n')).toBeUndefined()
    expect(readComplaint(' \n')).toBeUndefined()
  })
})
