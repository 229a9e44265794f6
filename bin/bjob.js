#!/usr/bin/env node
'use strict'
// Runs the bundle. What V8 compiled of it at build time lies beside it and is used when this is the same V8; otherwise V8 compiles it again.
const fs = require('node:fs')
const path = require('node:path')
const { Script } = require('node:vm')

const bundle = path.join(__dirname, '..', 'dist', 'bjob.cjs')
const cache = `${bundle}.cache`

// V8 compares little more than lengths: a cache that is older than the bundle is of another one.
function readCache() {
  try {
    return fs.statSync(cache).mtimeMs >= fs.statSync(bundle).mtimeMs ? fs.readFileSync(cache) : undefined
  } catch {
    return undefined
  }
}

const source = `(function (require, module, exports) {${fs.readFileSync(bundle, 'latin1')}\n})`
const script = new Script(source, { filename: bundle, cachedData: readCache() })
script.runInThisContext()(require, module, exports)
if (process.env.BJOB_WRITE_CACHE === '1') process.once('exit', () => fs.writeFileSync(cache, script.createCachedData()))
