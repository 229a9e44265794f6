#!/usr/bin/env node
'use strict'
// Runs the bundle. Its parts are functions like those that Node.js makes of modules. The code that
// V8 compiled in an earlier run of the same command lies beside it (`keep-compiled.js`). This file
// keeps to the syntax of Node.js 4, so that an old Node.js reads it and says why it stops.
const fs = require('fs')
const path = require('path')
const vm = require('vm')

// Options of Node.js may leave the link in `__filename` through which this file was called.
const bin = path.dirname(fs.realpathSync(__filename))
const dist = path.join(bin, '..', 'dist')
const parts = new Map()

/** @returns undefined for a Node.js that is new enough */
function describeOldNode(version, file) {
  const numbers = version.split('.').map(Number)
  if (numbers[0] > 20 || (numbers[0] === 20 && numbers[1] >= 19)) return undefined
  const need = `bjob needs Node.js 20.19 or newer; this is ${version} (${file}).`
  return `${need} Get one from https://nodejs.org/en/download, or look for one with \`module avail node\`.`
}

/** Each Node.js version has a folder; in it, each command has its own code of the bundle. */
function compiledFile(name, command) {
  const folder = name === 'bjob.cjs' ? (/^-{0,2}[a-z]+$/.test(command || '') ? command : 'none') : ''
  return path.join(dist, 'compiled', `${process.version}-${process.arch}`, folder, name)
}

// V8 compares little more than the length: the build removes compiled code before it bundles.
function readCompiled(file) {
  try {
    return fs.readFileSync(file)
    // eslint-disable-next-line no-unused-vars -- the syntax wants a name
  } catch (error) {
    return undefined
  }
}

function load(name) {
  const known = parts.get(name)
  if (known !== undefined) return known
  const filename = path.join(dist, name)
  const file = compiledFile(name, process.argv[2])
  const cachedData = readCompiled(file)
  const script = new vm.Script(fs.readFileSync(filename, 'latin1'), { filename, cachedData })
  if (cachedData === undefined) require(path.join(bin, 'keep-compiled.js')).keepAtExit(script, filename, file)
  const body = script.runInThisContext()
  const part = { exports: {}, run: () => body(requirePart, part, part.exports) }
  parts.set(name, part)
  part.run()
  return part
}

// One part asks for another by its place.
function requirePart(name) {
  return name.startsWith('./') ? load(path.basename(name)).exports : require(name)
}

function main() {
  const oldNode = describeOldNode(process.versions.node, process.execPath)
  if (oldNode !== undefined) return stop(oldNode, 2)
  runWhole(() => load('bjob.cjs'))
}

/** Prints one line if the installation was half removed, or cut off by a full disk. */
function runWhole(action) {
  try {
    action()
  } catch (error) {
    stop(`bjob: the installation is damaged: ${error.message.split('\n')[0]}; reinstall bjob (in a clone: npm ci)`, 3)
  }
}

function stop(line, status) {
  process.stderr.write(`${line}\n`)
  process.exitCode = status
}

if (require.main === module) main()
else module.exports = { compiledFile, describeOldNode, dist, load, parts, runWhole, stop }
