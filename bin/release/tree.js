'use strict'
// The tree that the archives and wheels share: npm's package, without types and with the library in
// one file.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const esbuild = require('esbuild')
const { addNode } = require('./node-binary.js')

/** Unpacks npm's tarball into `lib/bjob`, ready for any Node.js. */
async function makeTree(tree, tarball, root) {
  const folder = path.join(tree, 'lib', 'bjob')
  fs.mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['xzf', tarball, '-C', folder, '--strip-components=1'])
  fs.rmSync(path.join(folder, 'dist', 'lib'), { recursive: true })
  await esbuild.build({
    entryPoints: [path.join(root, 'dist', 'lib', 'index.js')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi'],
    // Packages of the older kind call it.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
    outfile: path.join(folder, 'dist', 'lib', 'index.js'),
    logLevel: 'warning',
  })
}

/** Copies the tree and adds Node.js, and the compiled code where this machine can run that. */
function makeTreeWithNode(tree, plain, arch, scratch, root) {
  fs.cpSync(plain, tree, { recursive: true })
  addNode(tree, arch, scratch, root)
  if (arch !== process.arch) return
  const node = path.join(tree, 'libexec', 'node')
  execFileSync(node, [path.join(tree, 'lib', 'bjob', 'bin', 'compile.js')], { stdio: 'inherit' })
}

module.exports = { makeTree, makeTreeWithNode }
