/**
 * A PATH on which there is what a person's machine has, and no batch scheduler, whatever is
 * installed on this one.
 */
import fs from 'node:fs'
import path from 'node:path'

const TOOLS =
  'bash cat chmod cp cut date dirname echo env false grep head hostname kill ls man mkdir mv rm rmdir script sed sh sleep sort stty tail touch tr true tty uname'

/** @param folder is made and filled @returns the PATH, with `first` before it */
export function toolPath(folder: string, ...first: readonly string[]): string {
  fs.mkdirSync(folder)
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  for (const tool of TOOLS.split(' ')) {
    const found = folders.map((place) => path.join(place, tool)).find((file) => fs.existsSync(file))
    if (found !== undefined) fs.symlinkSync(found, path.join(folder, tool))
  }
  fs.symlinkSync(process.execPath, path.join(folder, 'node'))
  return [...first, folder].join(path.delimiter)
}
