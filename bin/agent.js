'use strict'
// Runs the agent. On another node the same path may be an older Node.js: this file keeps to the
// syntax of Node.js 4, so that it can be read and refused there.
const os = require('os')
const bjob = require('./bjob.js')

const oldNode = bjob.describeOldNode(process.versions.node, process.execPath)
if (oldNode !== undefined) bjob.stop(`${os.hostname()}: ${oldNode}`, 2)
else bjob.runWhole(() => (exports.agent = require('../dist/agent.cjs')))
