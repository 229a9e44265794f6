#!/usr/bin/env node
'use strict'
// Runs the bundle, each part of which is a function as those that Node makes of a module. What V8 compiled of it when the same command
// ran (`compile.js`) lies beside it and is used when this is the same V8; otherwise V8 compiles it again.
const fs = require('node:fs')
const path = require('node:path')
const { Script } = require('node:vm')

const dist = path.join(__dirname, '..', 'dist')
const parts = new Map()

/** That of the bundle for each command by itself, of what few commands load once. */
function compiledFile(name) {
  const [, , command = ''] = process.argv
  const folder = name === 'bjob.cjs' ? (/^-{0,2}[a-z]+$/.test(command) ? command : 'none') : ''
  return path.join(dist, 'compiled', folder, name)
}

// V8 compares little more than the length: the build takes what was compiled away before it makes another bundle.
function readCompiled(name) {
  try {
    return fs.readFileSync(compiledFile(name))
  } catch {
    return undefined
  }
}

function compile(name) {
  const filename = path.join(dist, name)
  return new Script(fs.readFileSync(filename, 'latin1'), { filename, cachedData: readCompiled(name) })
}

function load(name) {
  const known = parts.get(name)
  if (known !== undefined) return known
  const script = compile(name)
  const body = script.runInThisContext()
  const part = { script, exports: {}, run: () => body(requirePart, part, part.exports) }
  parts.set(name, part)
  part.run()
  return part
}

// One part asks for another by its place.
function requirePart(name) {
  return name.startsWith('./') ? load(path.basename(name)).exports : require(name)
}

if (require.main === module) load('bjob.cjs')
else module.exports = { compile, compiledFile, dist, load, parts }
