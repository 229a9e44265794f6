/**
 * sbatch, squeue and scancel for tests of what submits, where there is no Slurm: they run the batch
 * script on this machine and answer in Slurm's words (recorded on 22.05). What they do otherwise is
 * a file in their folder: `refuse`, `down`, `hold`.
 */
import fs from 'node:fs'
import path from 'node:path'
import { findByEnvironment, killQuietly } from '../../src/lib/process/process-table.ts'

const SBATCH = `#!/bin/sh
cd "$(dirname "$0")"
[ ! -e refuse ] || { echo "sbatch: error: Batch job submission failed: $(cat refuse)" >&2; exit 1; }
id=$(($(cat last) + 1))
echo "$id" >last
for script; do :; done
cp "$script" "$id.script"
if [ -e hold ]; then
  touch "$id.pending"
else
  # sbatch(1): quotes as a shell's, %% is a percent sign, %j the id.
  eval "output=$(sed -n 's/^#SBATCH --output=//p' "$script")"
  output=$(printf '%s' "$output" | sed "s/%%/\\x01/g; s/%j/$id/g; s/\\x01/%/g")
  SLURM_STAND_IN=$PWD/$id SLURM_JOB_ID=$id SLURM_JOB_NODELIST=$(hostname -s) SLURMD_NODENAME=$(hostname -s) setsid bash "$script" >"$output" 2>&1 &
  echo $! >"$id.pid"
fi
echo "$id"
`
const SQUEUE = `#!/bin/sh
cd "$(dirname "$0")"
[ ! -e down ] || { echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1; }
# A process that has ended stays as a zombie where the first process of the machine is not an init: in a container, say.
runs() { kill -0 "$1" && ! grep -q ') Z ' "/proc/$1/stat"; }
known=
for word; do case $word in --jobs=*) ids=\${word#--jobs=} ;; esac; done
for id in $(echo "$ids" | tr , ' '); do
  if [ -e "$id.pending" ]; then known=yes; echo "$id|PENDING"
  elif runs "$(cat "$id.pid" 2>/dev/null)" 2>/dev/null; then known=yes; echo "$id|RUNNING"
  fi
done
[ "$known" ] || { echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1; }
`
const SCANCEL = `#!/bin/sh
cd "$(dirname "$0")"
for id; do rm -f "$id.pending"; [ ! -e "$id.pid" ] || kill -TERM "$(cat "$id.pid")"; done
`

export class SlurmStandIn {
  readonly #folder: string

  /** @param folder where it is made */
  constructor(folder: string) {
    this.#folder = path.join(folder, 'slurm')
    fs.mkdirSync(this.#folder)
    fs.writeFileSync(path.join(this.#folder, 'last'), '100\n')
    for (const [name, text] of Object.entries({ sbatch: SBATCH, squeue: SQUEUE, scancel: SCANCEL }))
      fs.writeFileSync(path.join(this.#folder, name), text, { mode: 0o755 })
  }

  /** The environment that finds it first. */
  get env(): NodeJS.ProcessEnv {
    return { PATH: `${this.#folder}${path.delimiter}${process.env['PATH'] ?? ''}` }
  }

  /**
   * sbatch refuses for this reason; `squeue` does not reach its controller; jobs stay pending.
   * `undefined` takes it back.
   */
  set(trouble: 'refuse' | 'down' | 'hold', reason: string | undefined): void {
    const file = path.join(this.#folder, trouble)
    if (reason === undefined) fs.rmSync(file, { force: true })
    else fs.writeFileSync(file, reason)
  }

  /** The ids of all jobs that were submitted, oldest first. */
  get submitted(): number[] {
    return fs
      .readdirSync(this.#folder)
      .filter((name) => name.endsWith('.script'))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b)
  }

  get pending(): number {
    return fs.readdirSync(this.#folder).filter((name) => name.endsWith('.pending')).length
  }

  /** Ends a job in good order, as its time limit would. */
  cutOff(id: number): void {
    process.kill(this.#pid(id), 'SIGTERM')
  }

  /** Ends all of its processes at once, as a node that dies would. */
  destroy(id: number): void {
    for (const pid of findByEnvironment('SLURM_STAND_IN', path.join(this.#folder, String(id)))) killQuietly(pid)
  }

  /** Takes a pending job out of the queue. */
  cancel(id: number): void {
    fs.rmSync(path.join(this.#folder, `${id}.pending`))
  }

  #pid(id: number): number {
    return Number(fs.readFileSync(path.join(this.#folder, `${id}.pid`), 'utf8'))
  }
}
