/**
 * The real command in a real terminal, of `script` (util-linux): what it draws is read, keys are
 * typed, its size is changed.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Rig } from './rig.ts'
import type { RunningProcess } from './running-process.ts'

export class PseudoTerminal implements Disposable {
  readonly process: RunningProcess
  readonly #keys: number

  /**
   * @param script shell lines; `$BJOB` is the command. The terminal is 80 columns wide and 24 lines
   * high.
   */
  constructor(rig: Rig, script: string, env: NodeJS.ProcessEnv = {}) {
    const folder = fs.mkdtempSync(path.join(rig.outside, 'terminal-'))
    const pipe = path.join(folder, 'keys')
    const file = path.join(folder, 'script.sh')
    execFileSync('mkfifo', [pipe])
    // Opened at both ends, so that neither blocks.
    this.#keys = fs.openSync(pipe, 'r+')
    const command = `${process.execPath} ${path.resolve(import.meta.dirname, '../../bin/bjob.js')}`
    fs.writeFileSync(file, `BJOB='${command}'\nstty cols 80 rows 24\necho "on $(tty)"\n${script}\n`)
    this.process = rig.startProgram(['/bin/sh', '-c', `exec script -qefc 'sh ${file}' /dev/null < ${pipe}`], {
      env: { SHELL: '/bin/sh', TERM: 'xterm-256color', ...env },
    })
  }

  /**
   * The last picture: what was drawn since the cursor was last sent to the top, without colours.
   */
  get picture(): string {
    const text = this.process.stdout
    return stripVTControlCharacters(text.slice(text.lastIndexOf('\u001B[H'))).replaceAll('\r', '')
  }

  type(keys: string): void {
    fs.writeSync(this.#keys, keys)
  }

  resize(columns: number, rows: number): void {
    const device = /on (\/dev\/\S+)/.exec(this.process.stdout)?.[1] ?? ''
    execFileSync('stty', ['-F', device, 'cols', String(columns), 'rows', String(rows)])
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#keys)
  }
}
