/**
 * The real command as a user without rights of their own: for tests with `needs('setpriv, for
 * root')`.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Rig } from './rig.ts'
import type { Outcome } from './running-process.ts'

const USER = 61_321
const COMMAND = path.resolve(import.meta.dirname, '../../bin/bjob.js')

export async function asOtherUser(rig: Rig, args: readonly string[]): Promise<Outcome> {
  for (const folder of [path.dirname(rig.site), rig.site]) fs.chmodSync(folder, fs.statSync(folder).mode | 0o055)
  const user = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups']
  return rig.startProgram([...user, process.execPath, COMMAND, ...args]).ended()
}
