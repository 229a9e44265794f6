'use strict'
// Keeps the code that V8 compiled for a command, so that its next run need not compile again. An
// installation without code for this Node.js gets it with the first run of each command. Failures
// are silent: the command has done its work.
const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

/** Only if the process exits with 0: an early error compiles little of a command. */
function keepAtExit(script, source, file) {
  const before = identify(source)
  process.once('exit', (status) => {
    if (status !== 0) return
    try {
      // Root leaves no files in a user's installation. A newer bundle never gets an older one's
      // code.
      if (fs.statSync(path.dirname(source)).uid !== process.getuid() || identify(source) !== before) return
      replaceFile(file, script.createCachedData())
    } catch {
      // The folder is read-only, or the disk is full.
    }
  })
}

function identify(file) {
  const { ino, size, ctimeMs } = fs.statSync(file)
  return [ino, size, ctimeMs].join(' ')
}

function replaceFile(file, content) {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  fs.mkdirSync(path.dirname(file), { recursive: true })
  try {
    fs.writeFileSync(draft, content)
    fs.renameSync(draft, file)
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

module.exports = { keepAtExit }
