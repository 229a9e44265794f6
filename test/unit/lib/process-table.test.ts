import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findByEnvironment, isProcessAlive, processScope, signalGroup } from '../../../src/lib/process/process-table.ts'
import { loginEnvironment } from '../../rig/environment.mjs'
import { needs } from '../../rig/needs.ts'
import { until } from '../../rig/until.ts'

const start = (variables: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { ...loginEnvironment(), ...variables } })

describe('the processes of this node (as /proc tells them)', needs('/proc'), () => {
  test('are found by what stands in their environment, whole', async () => {
    const mark = `mark-${process.pid}`
    const child = start({ BJOB_TEST_MARK: mark })
    const exited = once(child, 'exit')
    await until('the process to be found', () => findByEnvironment('BJOB_TEST_MARK', mark).includes(child.pid ?? 0))
    expect(findByEnvironment('BJOB_TEST_MARK', mark.slice(0, -1))).toEqual([])
    expect(findByEnvironment('TEST_MARK', mark)).toEqual([])
    expect(signalGroup(child.pid ?? 0, 'SIGKILL')).toBe(true)
    await exited
    expect(findByEnvironment('BJOB_TEST_MARK', mark)).toEqual([])
  })

  test('are alive until they have ended, also before anybody asked for their status', async () => {
    const child = start()
    const exited = once(child, 'exit')
    const pid = child.pid ?? 0
    expect(isProcessAlive(pid)).toBe(true)
    expect(signalGroup(pid, 0)).toBe(true)
    child.kill('SIGKILL')
    await exited
    expect(isProcessAlive(pid)).toBe(false)
    expect(signalGroup(pid, 'SIGTERM')).toBe(false)
  })

  test('that are zombies are dead', async () => {
    // The shell's child ends later, and the program that the shell becomes never asks how.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [text] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(text.toString())
    await until('the child to be a zombie', () => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
    expect(isProcessAlive(pid)).toBe(false)
    const exited = once(parent, 'exit')
    parent.kill('SIGKILL')
    await exited
  })

  test('have a scope that names their namespace', () => {
    expect(processScope()).toMatch(/^pid:\[\d+\]$/)
  })
})
