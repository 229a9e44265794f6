'use strict'
// `npm run release`: makes everything that a release publishes, in release/. `-- --only x64` makes
// the archive and wheel of one machine.
const { execFileSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { fillIn, packArchive } = require('./archive.js')
const { GLIBC } = require('./node-binary.js')
const { makeTree, makeTreeWithNode } = require('./tree.js')
const { packWheel } = require('./wheel.js')

const root = path.join(__dirname, '..', '..')
const MACHINES = { x64: 'x86_64', arm64: 'aarch64' }

async function main() {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } })
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-release-'))
  try {
    await makeRelease(values.only ?? Object.keys(MACHINES), scratch)
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}

async function makeRelease(machines, scratch) {
  const { version, description } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  // The same commit makes the same files, but for what V8 compiled.
  const time = Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }))
  const release = { version, description, time, folder: path.join(root, 'release') }
  fs.rmSync(release.folder, { recursive: true, force: true })
  fs.mkdirSync(release.folder)
  // The compiler leaves the output of sources that have moved.
  fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true })
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', release.folder]
  execFileSync('npm', pack, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })

  const plain = path.join(scratch, 'any')
  await makeTree(plain, path.join(release.folder, `bjob-${version}.tgz`), root)
  await packWheel(plain, 'any', release, root)
  const sums = {}
  for (const arch of machines) {
    const tree = path.join(scratch, arch)
    makeTreeWithNode(tree, plain, arch, scratch, root)
    await packWheel(tree, `manylinux_${GLIBC}_${MACHINES[arch]}`, release, root)
    sums[`sha256_${arch}`] = sha256(packArchive(tree, arch, release))
  }
  // It names the archives of all machines.
  if (machines.length === Object.keys(MACHINES).length)
    fs.writeFileSync(path.join(release.folder, `bjob-${version}.eb`), fillIn('easyconfig.eb', { ...release, ...sums }))
  writeSums(release.folder)
}

/** For `sha256sum -c SHA256SUMS`. */
function writeSums(folder) {
  const names = fs.readdirSync(folder).sort()
  const lines = names.map((name) => `${sha256(path.join(folder, name))}  ${name}\n`)
  fs.writeFileSync(path.join(folder, 'SHA256SUMS'), lines.join(''))
  for (const name of names) {
    const { size } = fs.statSync(path.join(folder, name))
    process.stdout.write(`${(size / 1e6).toFixed(1).padStart(6)} MB  release/${name}\n`)
  }
}

function sha256(file) {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex')
}

void main()
