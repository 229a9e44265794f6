'use strict'
// The self-contained archive: unpacked anywhere, it runs with its own Node.js.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const FILES = path.join(__dirname, 'files')

/** @returns the archive's file */
function packArchive(tree, arch, release) {
  const name = `bjob-${release.version}-linux-${arch}`
  const folder = path.join(path.dirname(tree), 'archives', name)
  fs.mkdirSync(path.dirname(folder), { recursive: true })
  fs.renameSync(tree, folder)
  fs.mkdirSync(path.join(folder, 'bin'))
  fs.copyFileSync(path.join(FILES, 'bjob'), path.join(folder, 'bin', 'bjob'))
  fs.mkdirSync(path.join(folder, 'share', 'man', 'man1'), { recursive: true })
  fs.copyFileSync(path.join(folder, 'lib/bjob/dist/bjob.1'), path.join(folder, 'share/man/man1/bjob.1'))
  addModulefiles(path.join(folder, 'share', 'modulefiles', 'bjob'), release)
  const file = path.join(release.folder, `${name}.tar.xz`)
  const options = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${release.time}`]
  // A higher level takes three times as long for a tenth.
  execFileSync('tar', [...options, '--mode=u+w,go=rX', '-I', 'xz -3 -T2', '-cf', file, name], {
    cwd: path.dirname(folder),
    stdio: 'inherit',
  })
  return file
}

function addModulefiles(folder, release) {
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, `${release.version}.lua`), fillIn('modulefile.lua', release))
  fs.writeFileSync(path.join(folder, release.version), fillIn('modulefile.tcl', release))
}

/** Fills in a text of `files/`: `@VERSION@` is `values.version`. */
function fillIn(name, values) {
  return fs
    .readFileSync(path.join(FILES, name), 'utf8')
    .replace(/@([A-Z0-9_]+)@/g, (_, key) => values[key.toLowerCase()])
}

module.exports = { FILES, fillIn, packArchive }
