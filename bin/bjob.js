#!/usr/bin/env node
'use strict'
// Runs the bundle, each part of which is a function as those that Node makes of a module. What V8 compiled of it at build time lies
// beside it and is used when this is the same V8; otherwise V8 compiles it again.
const fs = require('node:fs')
const path = require('node:path')
const { Script } = require('node:vm')

const dist = path.join(__dirname, '..', 'dist')
const parts = new Map()

// V8 compares little more than the length: the build takes a cache away before it makes another bundle.
function readCache(file) {
  try {
    return fs.readFileSync(`${file}.cache`)
  } catch {
    return undefined
  }
}

function load(name) {
  const known = parts.get(name)
  if (known !== undefined) return known
  const file = path.join(dist, name)
  const script = new Script(fs.readFileSync(file, 'latin1'), { filename: file, cachedData: readCache(file) })
  const part = { script, exports: {}, run: () => body(requirePart, part, part.exports) }
  const body = script.runInThisContext()
  parts.set(name, part)
  part.run()
  return part
}

// One part asks for another by its place.
function requirePart(name) {
  return name.startsWith('./') ? load(path.basename(name)).exports : require(name)
}

if (require.main === module) load('bjob.cjs')
else module.exports = { load, parts }
