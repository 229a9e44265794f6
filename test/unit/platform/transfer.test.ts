import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  copyWords,
  linkWords,
  fetchWords,
  makeAsideWords,
  publishWords,
  sendWords,
  wordsAt,
} from '../../../src/platform/transfer.ts'
import { loginEnvironment } from '../../rig/environment.mjs'
import { listTree } from '../../rig/tree.ts'

let folder: string
beforeEach(() => {
  // In memory where that can be had: much is flushed.
  folder = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'bjob-test-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

/** The entry in the folder and the one that has arrived aside: each kind over each kind. */
function arrange(): void {
  fs.rmSync(folder, { recursive: true, force: true })
  const make = (name: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
  make('file', 'old')
  make('dir/one', 'old')
  make('dir-to-file/one', 'old')
  make('file-to-dir', 'old')
  make('elsewhere/kept', 'kept')
  fs.symlinkSync('elsewhere', path.join(folder, 'link'))
  arrive()
}

function arrive(): void {
  for (const name of ['file', 'dir-to-file', '-n', 'dir/one', 'dir/two', 'file-to-dir/one', 'link/one']) {
    fs.mkdirSync(path.dirname(path.join(folder, '.aside', name)), { recursive: true })
    fs.writeFileSync(path.join(folder, '.aside', name), 'new')
  }
}

const NAMES = ['file', 'dir', 'dir-to-file', 'file-to-dir', 'link', '-n']
const AFTER = {
  '-n': 'new',
  'dir/': '',
  'dir/one': 'new',
  'dir/two': 'new',
  'dir-to-file': 'new',
  'elsewhere/': '',
  'elsewhere/kept': 'kept',
  file: 'new',
  'file-to-dir/': '',
  'file-to-dir/one': 'new',
  'link/': '',
  'link/one': 'new',
}

function publish(isDurable: boolean, env: NodeJS.ProcessEnv = loginEnvironment()): NodeJS.Signals | number | null {
  const [file = '', ...args] = publishWords(folder, '.aside', NAMES, isDurable)
  const { signal, status } = spawnSync(file, args, { env })
  return signal ?? status
}

describe('bringing what has arrived into place', () => {
  test.each([true, false])('replaces what stood there, whatever that was; durable: %s', (isDurable) => {
    arrange()
    expect(publish(isDurable)).toBe(0)
    expect(listTree(folder)).toEqual(AFTER)
  })

  test('cut off before any of its steps, nothing is half there, and doing it all again makes it whole', () => {
    const tools = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-test-'))
    try {
      for (const tool of ['mv', 'rm', 'find', 'sync']) {
        const script = `#!/bin/sh\nn=$(cat "$COUNT"); [ "$n" = 0 ] && kill -9 $PPID && exit 1; echo $((n - 1)) > "$COUNT"; exec /usr/bin/${tool} "$@"\n`
        fs.writeFileSync(path.join(tools, tool), script, { mode: 0o755 })
      }
      const count = path.join(tools, 'count')
      let steps = 0
      for (; ; steps++) {
        arrange()
        fs.writeFileSync(count, String(steps))
        const end = publish(true, { PATH: `${tools}:${process.env['PATH']}`, COUNT: count })
        if (end === 0) break
        // `sync` is a child of `find`, whose death ends the script.
        expect(['SIGKILL', 137]).toContain(end)
        for (const [name, text] of Object.entries(listTree(folder)))
          if (!name.startsWith('.aside') && !name.endsWith('/') && !name.endsWith('/kept'))
            expect([name, text]).toEqual([name, expect.stringMatching(/^(old|new|-> elsewhere)$/)])
        const dir = ['one', 'two'].map((name) => fs.existsSync(path.join(folder, 'dir', name)))
        expect(['true,false', 'false,false', 'true,true']).toContain(dir.join())
        arrive()
        expect(publish(true)).toBe(0)
        expect(listTree(folder)).toEqual(AFTER)
      }
      expect(steps).toBeGreaterThan(10)
    } finally {
      fs.rmSync(tools, { recursive: true, force: true })
    }
  })
})

describe('the folder where files arrive', () => {
  const MINE = { name: '.in@me', prefix: '.in@' }

  function makeAside(place = folder): number | null {
    const [file = '', ...args] = makeAsideWords(place, MINE)
    return spawnSync(file, args).status
  }

  test('is made, with the folder that it is in', () => {
    const place = path.join(folder, '-new/place')
    for (let time = 0; time < 2; time++) expect(makeAside(place)).toBe(0)
    expect(listTree(place)).toEqual({ '.in@me/': '' })
  })

  test('takes over what one that died has left; what others have left is removed, and nothing else', () => {
    for (const [name, text] of [
      ['.in@dead', 'half'],
      ['.in@elder', 'less'],
      ['.income', 'kept'],
    ] as const) {
      fs.mkdirSync(path.join(folder, name))
      fs.writeFileSync(path.join(folder, name, 'file'), text)
    }
    fs.writeFileSync(path.join(folder, '.in@file'), 'no folder')
    for (let time = 0; time < 2; time++) expect(makeAside()).toBe(0)
    expect(listTree(folder)).toMatchObject({ '.in@me/file': 'half', '.income/file': 'kept', '.in@file': 'no folder' })
    expect(
      fs
        .readdirSync(folder)
        .filter((name) => name.startsWith('.in@'))
        .sort(),
    ).toEqual(['.in@file', '.in@me'])
  })
})

test('copies replace what an earlier copy has left, and follow links', () => {
  arrange()
  const copies = ['dir', 'link', 'file'].map((name) => ({
    from: path.join(folder, name),
    to: path.join(folder, `-${name}`),
  }))
  for (let time = 0; time < 2; time++) {
    for (const [file = '', ...args] of copyWords(copies)) expect(spawnSync(file, args).status).toBe(0)
    expect(listTree(path.join(folder, '-dir'))).toEqual({ one: 'old' })
    expect(listTree(path.join(folder, '-link'))).toEqual({ kept: 'kept' })
    fs.writeFileSync(path.join(folder, '-dir/left'), 'over')
  }
  expect(copyWords(Array.from({ length: 1001 }, () => ({ from: '/a', to: '/b' })))).toHaveLength(2)
  expect(copyWords([])).toEqual([])
  const links = [{ from: '/nowhere', to: path.join(folder, '-link') }]
  for (const [file = '', ...args] of [...linkWords(links), ...linkWords(links)])
    expect(spawnSync(file, args).status).toBe(0)
  expect(fs.readlinkSync(path.join(folder, '-link'))).toBe('/nowhere')
})

test('a path is one word to everybody on the way', () => {
  const far = { host: 'ada@far', path: 'in/a.dat' }
  expect(fetchWords({ path: '-x y' }, '/to', true)).toEqual(['cp', '-pRL', '--', '-x y', '/to/'])
  expect(fetchWords(far, '/to', false).slice(-3)).toEqual(['--', 'ada@far:in/a.dat', '/to/'])
  expect(fetchWords(far, '/to', false)[0]).toBe('scp')
  expect(fetchWords(far, '/to', true)[0]).toBe('rsync')
  expect(sendWords(['/a b'], { ...far, transport: 'scp' }, 'x', true).at(0)).toBe('scp')
  expect(wordsAt(far, ['mkdir', "it's; reboot"]).at(-1)).toBe(`mkdir 'it'\\''s; reboot'`)
})
