/**
 * A site to be destroyed: a small real tree, opened afresh by every process that the suites play.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { followResults } from '../../src/client/ends/read-results.ts'
import type { SpawnContext } from '../../src/client/spawn/spawn-plan.ts'
import { type Disk, directDisk } from '../../src/site/disk/disk.ts'
import { Layout } from '../../src/site/disk/layout.ts'
import { JournalMark } from '../../src/site/journal/journal-mark.ts'
import { parseSettings } from '../../src/site/settings.ts'
import { Site } from '../../src/site/site.ts'
import { processesEnd } from './hooked-run.ts'
import { useDisk } from './seam.ts'

/** In memory where that can be had: what is under test is the order of calls, not the disk. */
export const SCRATCH = process.env['SURVIVAL_DIR'] ?? (fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir())

export interface Delivery {
  readonly id: string
  readonly state: string
  readonly ended: string
  /**
   * The next one was asked for, and came: nobody may get this one again. A driver that dies before
   * may.
   */
  isAcknowledged: boolean
}

/** Lines of bjob.yaml where launchers die as often as it comes: no job is suspected of that. */
export const NO_CRASH_LIMIT = 'defaults:\n  crash_limit: 0\n'

export class World {
  readonly root: string
  readonly inputs: string
  readonly cursor: string
  readonly durability: 'node' | 'process'
  /** The ends delivered to the driver of this site, to all its processes. */
  readonly deliveries: Delivery[] = []

  constructor(durability: 'node' | 'process' = 'process', root?: string) {
    this.durability = durability
    this.root = root ?? fs.mkdtempSync(path.join(SCRATCH, 'survival-'))
    this.inputs = path.join(this.root, 'driver')
    this.cursor = path.join(this.inputs, 'cursor')
    if (root !== undefined) return
    for (const folder of ['apps', 'jobs', 'driver', 'driver/deck']) fs.mkdirSync(path.join(this.root, folder))
    fs.writeFileSync(path.join(this.root, 'bjob.yaml'), `format: 1\ndurability: ${durability}\n`)
    fs.writeFileSync(path.join(this.root, 'apps/eval.yaml'), 'executable: /bin/true\n')
    fs.writeFileSync(path.join(this.inputs, 'input.dat'), `${'0123456789'.repeat(20)}\n`)
    fs.writeFileSync(path.join(this.inputs, 'deck/mesh.dat'), 'mesh\n')
  }

  /** A new site, as `bjob init` leaves it. */
  static async make(durability: 'node' | 'process' = 'process'): Promise<World> {
    const world = new World(durability)
    await new JournalMark({ disk: directDisk, layout: new Layout(world.root) }).make()
    return world
  }

  /** Another process opens the site. */
  open(disk: Disk = directDisk): Site {
    const layout = new Layout(this.root)
    return new Site(layout, disk, parseSettings(fs.readFileSync(layout.settings, 'utf8'), layout.settings))
  }

  /** Runs `act` as a process of its own that ends in good order. */
  async as<T>(act: (site: Site) => Promise<T>): Promise<T> {
    const site = this.open()
    try {
      return await act(site)
    } finally {
      await site.close()
    }
  }

  /**
   * The driver takes what has ended since its cursor.
   * @param disk what it sees its cursor's folder through, too
   */
  async drain(site: Site, disk?: Disk): Promise<void> {
    useDisk(this.inputs, disk)
    const results = followResults(site, { cursor: this.cursor })
    let last: Delivery | undefined
    for (;;) {
      const step = await results.next()
      if (last !== undefined) last.isAcknowledged = true
      if (step.done === true) return
      const { id, state, ended } = step.value
      this.deliveries.push((last = { id, state, ended, isAcknowledged: false }))
    }
  }

  context(ifExists: SpawnContext['ifExists'] = 'error'): SpawnContext {
    return { current: undefined, folder: this.inputs, ifExists }
  }

  async remove(): Promise<void> {
    useDisk(this.inputs, undefined)
    // An operation that failed may have left processes that write here.
    await processesEnd()
    fs.rmSync(this.root, { recursive: true, force: true })
  }
}
