/**
 * Another machine for tests that stage files: programs called ssh and scp, to be found first on the
 * PATH, behind which a folder stands for the home folder over there. The protocol is real: scp and
 * rsync talk to themselves through it. While `hold` is there, whoever calls waits.
 */
import fs from 'node:fs'
import path from 'node:path'

const SSH = `#!/bin/sh
while [ -e "$(dirname "$0")/hold" ]; do sleep 0.05; done
while :; do case $1 in -o|-l) shift 2 ;; --) shift; break ;; -*) shift ;; *) break ;; esac; done
shift
cd "$(dirname "$0")/home" && exec /bin/sh -c "$*"
`
/** -O: the old protocol needs no server over there but scp itself. */
const SCP = `#!/bin/sh
exec /usr/bin/scp -O -S "$(dirname "$0")/ssh" "$@"
`

export class FarHost {
  readonly #folder: string

  /** @param folder is made */
  constructor(folder: string) {
    this.#folder = folder
    fs.mkdirSync(this.home, { recursive: true })
    for (const [name, text] of [
      ['ssh', SSH],
      ['scp', SCP],
    ] as const)
      fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 })
  }

  get home(): string {
    return path.join(this.#folder, 'home')
  }

  /** For a launcher that is to find it. */
  get env(): NodeJS.ProcessEnv {
    return { PATH: `${this.#folder}:${process.env['PATH']}` }
  }

  hold(): void {
    fs.writeFileSync(path.join(this.#folder, 'hold'), '')
  }

  letGo(): void {
    fs.rmSync(path.join(this.#folder, 'hold'), { force: true })
  }
}
