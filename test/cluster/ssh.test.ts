/**
 * Files staged in and out through OpenSSH's own server, by rsync and by scp, with launchers that
 * are killed in the middle of both.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { wordsOf } from '../../src/core/life/event-words.ts'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'
import type { RunningProcess } from '../rig/running-process.ts'
import { listTree } from '../rig/tree.ts'
import { SshHost } from './ssh-host.ts'

const SIZE = 8 << 20
const HALF = SIZE / 2

for (const transport of ['rsync', 'scp'] as const)
  test(
    `over a real sshd by ${transport}: cut off by kill -9 on the way in and on the way out, gone on with, never half there`,
    needs('sshd', transport),
    async () => {
      // With everything flushed, also over there.
      await using rig = await Rig.create({
        settings: 'lease_seconds: 3\ngrace_seconds: 2\n',
        mayLeaveScaffolding: true,
      })
      await using host = await SshHost.start(path.join(rig.outside, 'ssh'))
      const there = path.join(rig.outside, 'there')
      fs.mkdirSync(path.join(there, 'deck'), { recursive: true })
      const content = randomBytes(SIZE)
      fs.writeFileSync(path.join(there, 'a.dat'), content)
      fs.writeFileSync(path.join(there, 'deck/mesh'), 'mesh\n')
      const go = path.join(there, 'go')
      rig.addApplication(
        'copy',
        'executable: [/bin/sh, -c, "until [ -e $0 ]; do sleep 0.05; done; mv a.dat b.dat; cp -r deck made; echo ran >> ran"]\n',
      )
      const url = (file: string): string => `${transport}:${host.name}:${path.join(there, file)}`
      const into = ['--stage-in-url', `${url('a.dat')} ${url('deck')}`]
      const out = ['--stage-out-url', url('results/deep'), '--stage-out-files', 'b.dat made ran']
      await rig.done(['spawn', '--workflow', 'w', '--name', 'a', '--app', 'copy', ...into, ...out, '--', go])

      const launch = async (): Promise<RunningProcess> => {
        const launcher = rig.start(['launch', '--persistent', '--slots', '1'], { env: host.env })
        await launcher.printed(/launcher \S+/)
        return launcher
      }
      host.holdAfter(HALF)
      const first = await launch()
      await rig.until('half of a file to have come', () => host.isHeld)
      await first.kill('SIGKILL')
      expect(fs.readdirSync(rig.folder('w/a'))).not.toContain('a.dat')
      host.letGo()
      const second = await launch()
      await rig.reached('w/a', 'RUNNING')
      host.holdAfter(HALF)
      fs.writeFileSync(go, '')
      await rig.until('half of a file to have gone back', () => host.isHeld)
      await second.kill('SIGKILL')
      const results = path.join(there, 'results/deep')
      expect(fs.readdirSync(results).filter((name) => !name.startsWith('.'))).toEqual([])
      host.letGo()
      const third = await launch()
      await rig.reached('w/a', 'JOB_FINISHED')
      await third.kill('SIGTERM')

      expect(rig.state('w/a').attempt).toBe(1)
      expect(fs.readFileSync(path.join(results, 'b.dat')).equals(content)).toBe(true)
      fs.rmSync(path.join(results, 'b.dat'))
      expect(listTree(results)).toEqual({ 'made/': '', 'made/mesh': 'mesh\n', ran: 'ran\n' })
    },
  )

test(
  'a host that does not let anybody in, or has no such file, is named with what ssh said',
  needs('sshd', 'rsync', 'scp'),
  async () => {
    await using rig = await Rig.create()
    await using host = await SshHost.start(path.join(rig.outside, 'ssh'))
    await rig.done(['spawn', '--name', 'gone', '--app', 'yes', '--stage-in-url', `rsync:${host.name}:/no/such/file`])
    await rig.done(['launch', '--idle-seconds', '0.3'], { env: host.env })
    fs.rmSync(path.join(rig.outside, 'ssh/authorized'))
    await rig.done(['spawn', '--name', 'denied', '--app', 'yes', '--stage-in-url', `scp:${host.name}:/etc/hosts`])
    await rig.done(['launch', '--idle-seconds', '0.3'], { env: host.env })
    const last = (name: string): string => rig.state(`default/${name}`).history.map(wordsOf).at(-1) ?? ''
    expect(last('gone')).toMatch(/^stage-in failed: rsync exit 23\n[^]*No such file or directory/)
    expect(last('denied')).toMatch(/^stage-in failed: scp exit \d+\n[^]*Permission denied \(publickey/)
  },
)
