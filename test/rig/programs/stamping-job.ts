/**
 * A job that writes down itself when it began and when it was last alive, by its own clock, in a
 * file for each attempt: what figures made from the tree are compared with. Its arguments: how long
 * it runs in ms, and its exit status.
 */
import fs from 'node:fs'

const attempt = process.env['BJOB_ATTEMPT'] ?? '1'
const [, , milliseconds = '0', status = '0'] = process.argv
// A line a time: whatever kills it, the lines before are whole.
const stamp = (): void => fs.appendFileSync(`stamps.${attempt}`, `${Date.now()}\n`)
stamp()
setInterval(stamp, 10)
setTimeout(() => {
  stamp()
  process.exit(Number(status))
}, Number(milliseconds))
