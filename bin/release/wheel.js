'use strict'
// Python wheels: zip files of the module, of the command, and of the tree that this runs. See PEP
// 427.
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { pipeline } = require('node:stream/promises')
const yazl = require('yazl')
const { FILES } = require('./archive.js')

/** @param tag the wheel's platform, as `any` */
async function packWheel(tree, tag, release, root) {
  const { version, description } = release
  const info = `bjob-${version}.dist-info`
  const name = `bjob-${version}-py3-none-${tag}.whl`
  const metadata = [
    'Metadata-Version: 2.1',
    'Name: bjob',
    `Version: ${version}`,
    `Summary: ${description}`,
    'License: MIT',
    'Requires-Python: >=3.6',
    'Description-Content-Type: text/markdown',
    '',
    fs.readFileSync(path.join(root, 'docs', 'install.md'), 'utf8'),
  ]
  const wheel = [
    'Wheel-Version: 1.0',
    'Generator: bjob',
    `Root-Is-Purelib: ${tag === 'any'}`,
    `Tag: py3-none-${tag}`,
    '',
  ]
  const entries = [
    { name: 'bjob/__init__.py', file: path.join(root, 'templates', 'python', 'bjob.py') },
    { name: 'bjob/__main__.py', file: path.join(FILES, '__main__.py') },
    { name: 'bjob_command.py', file: path.join(FILES, 'bjob_command.py') },
    ...listFiles(tree).map((file) => ({ name: `bjob/runtime/${file}`, file: path.join(tree, file) })),
    { name: `${info}/METADATA`, content: metadata.join('\n') },
    { name: `${info}/WHEEL`, content: wheel.join('\n') },
    { name: `${info}/entry_points.txt`, content: '[console_scripts]\nbjob = bjob_command:main\n' },
  ].map((entry) => ({ ...entry, bytes: Buffer.from(entry.content ?? fs.readFileSync(entry.file)) }))
  const lines = entries.map(({ name: entry, bytes }) => `${entry},sha256=${digest(bytes)},${bytes.length}`)
  const record = `${info}/RECORD`
  entries.push({ name: record, bytes: Buffer.from([...lines, `${record},,`, ''].join('\n')) })
  await writeZip(path.join(release.folder, name), entries, release.time)
}

async function writeZip(file, entries, time) {
  const zip = new yazl.ZipFile()
  for (const { name, file: source, bytes } of entries) {
    const isProgram = source !== undefined && (fs.statSync(source).mode & 0o111) !== 0
    zip.addBuffer(bytes, name, {
      mtime: new Date(time * 1000),
      mode: isProgram ? 0o100755 : 0o100644,
      compressionLevel: 9,
    })
  }
  zip.end()
  await pipeline(zip.outputStream, fs.createWriteStream(file))
}

function listFiles(folder) {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => fs.statSync(path.join(folder, name)).isFile()).sort()
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('base64url')
}

module.exports = { packWheel }
