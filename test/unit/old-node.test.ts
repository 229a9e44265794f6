/** The check of the Node.js version, and the syntax of the files that an old one must read. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { transform } from 'esbuild'
import { expect, test } from 'vitest'

const bin = path.resolve(import.meta.dirname, '../../bin')
const { describeOldNode } = createRequire(import.meta.url)(path.join(bin, 'bjob.js')) as {
  describeOldNode: (version: string, file: string) => string | undefined
}

test.each(['0.10.48', '4.9.1', '8.17.0', '18.20.8', '19.9.0', '20.0.0', '20.9.0', '20.18.3'])(
  'Node.js %s is too old, and one line says so',
  (version) => {
    expect(describeOldNode(version, '/usr/bin/node')).toMatch(
      new RegExp(`^bjob needs Node.js 20.19 or newer; this is ${version} \\(/usr/bin/node\\)\\. Get one .*$`),
    )
  },
)

test.each(['20.19.0', '20.20.2', '21.0.0', '22.12.0', '100.0.0', '24.0.0-nightly'])('Node.js %s is not', (version) => {
  expect(describeOldNode(version, '/usr/bin/node')).toBeUndefined()
})

/** esbuild's table denies Node.js 4 these, because of rare forms that are not used here. */
const supported = { arrow: true, 'const-and-let': true, 'for-of': true, 'template-literal': true }
const NODE_4 = { target: 'node4', supported, logLevel: 'silent' } as const

test.each(['bjob.js', 'agent.js', 'compile.js'])('%s has the syntax of Node.js 4', async (name) => {
  const text = fs.readFileSync(path.join(bin, name), 'utf8')
  const { code } = await transform(text, { target: 'esnext' })
  expect((await transform(text, NODE_4)).code).toBe(code)
})

test.each(['const { a } = b', 'f(...b)', 'try {} catch {}', 'a?.b', 'const f = (a = 1) => a', 'async () => {}'])(
  'of which %s is no part',
  async (text) => {
    const { code } = await transform(text, { target: 'esnext' })
    const older = await transform(text, NODE_4).catch(() => ({ code: 'refused' }))
    expect(older.code).not.toBe(code)
  },
)
