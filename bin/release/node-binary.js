'use strict'
// The Node.js that releases carry: its version stands here alone.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const NODE_VERSION = '24.22.3'
/** The C library that this Node.js was built for, as the tags of Python's wheels name it. */
const GLIBC = '2_28'
const INTEGRITY = {
  x64: 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  arm64: 'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
}

/**
 * Unpacks a package of the registry.
 *
 * @returns its folder
 */
function fetchPackage(name, version, integrity, folder) {
  fs.mkdirSync(folder, { recursive: true })
  const json = execFileSync('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [packed] = Object.values(JSON.parse(json))
  if (integrity !== undefined && packed.integrity !== integrity)
    throw new Error(`${name}@${version} is not the package it was: ${packed.integrity} instead of ${integrity}`)
  execFileSync('tar', ['xzf', path.join(folder, packed.filename), '-C', folder])
  return path.join(folder, 'package')
}

/** Puts Node.js, and koffi for the same machine, into a tree. */
function addNode(tree, arch, scratch, root) {
  const node = fetchPackage(`node-linux-${arch}`, NODE_VERSION, INTEGRITY[arch], path.join(scratch, `node-${arch}`))
  fs.mkdirSync(path.join(tree, 'libexec'))
  fs.copyFileSync(path.join(node, 'bin', 'node'), path.join(tree, 'libexec', 'node'))
  fs.chmodSync(path.join(tree, 'libexec', 'node'), 0o755)
  fs.copyFileSync(path.join(node, 'LICENSE'), path.join(tree, 'libexec', 'LICENSE'))
  addKoffi(path.join(tree, 'lib', 'node_modules'), arch, scratch, root)
}

/** Of koffi only the parts that load its library: its sources would be a thousand files. */
function addKoffi(modules, arch, scratch, root) {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages
  const name = `@koromix/koffi-linux-${arch}`
  const { version, integrity } = lock[`node_modules/${name}`]
  const binary = fetchPackage(name, version, integrity, path.join(scratch, `koffi-${arch}`))
  const parts = ['package.json', 'index.cjs', 'index.js', 'indirect.cjs', 'indirect.js', 'LICENSE.txt', 'src/koffi']
  for (const part of parts)
    fs.cpSync(path.join(root, 'node_modules', 'koffi', part), path.join(modules, 'koffi', part), {
      recursive: true,
      filter: (file) => !/(\.(cc|hh|inc)|\/abi|\/CMakeLists\.txt)$/.test(file),
    })
  for (const part of ['package.json', 'index.js', `linux_${arch}`])
    fs.cpSync(path.join(binary, part), path.join(modules, name, part), { recursive: true })
}

module.exports = { GLIBC, NODE_VERSION, addNode }
