/**
 * A disk whose every call goes through a hook first: the hook may let it pass, never come back (a
 * dead process), come back late (a suspended one) or fail. Calls that are many to a file system
 * (removing a tree, copying one, making several folders) are taken apart, so that each of their
 * steps is a point of its own.
 */
import fs from 'node:fs'
import path from 'node:path'
import { type AppendFile, type Disk, type NewFile, codeOf } from '../../src/site/disk/disk.ts'

/** A call that changes something. */
export interface Call {
  readonly name:
    | 'mkdir'
    | 'rmdir'
    | 'rename'
    | 'unlink'
    | 'symlink'
    | 'create'
    | 'finish'
    | 'append'
    | 'open-append'
    | 'utimes'
    | 'copy-content'
  readonly target: string
  readonly from?: string
  /** The written data, if any. */
  readonly text?: string
  readonly isDurable?: boolean
}

export interface Hook {
  /**
   * Around a call that changes something. `tear` does a part of it: the first `bytes` of what is
   * written.
   */
  around<T>(call: Call, act: () => Promise<T>, tear: (bytes: number) => Promise<void>): Promise<T>
  /** Before a call that only looks. */
  look(name: string, target: string): Promise<void>
}

/**
 * The files that a process that died has left open: the kernel closes them, and here somebody has
 * to.
 */
export type OpenFiles = Set<{ close(): Promise<void> }>

export function hookDisk(base: Disk, hook: Hook, open: OpenFiles = new Set()): Disk {
  const noTear = async (): Promise<void> => {}
  const step = <T>(call: Call, act: () => Promise<T>): Promise<T> => hook.around(call, act, noTear)
  const looking = async <T>(name: string, target: string, act: () => Promise<T>): Promise<T> => {
    await hook.look(name, target)
    return act()
  }
  const disk: Disk = {
    isNetwork: base.isNetwork,
    staleMs: base.staleMs,
    mkdir: (target) => step({ name: 'mkdir', target }, () => base.mkdir(target)),
    makeParents: async (target) => {
      if ((await disk.stat(target)) !== undefined) return
      await disk.makeParents(path.dirname(target))
      await unless('EEXIST', disk.mkdir(target))
    },
    rmdir: (target) => step({ name: 'rmdir', target }, () => base.rmdir(target)),
    rename: (from, to) => step({ name: 'rename', target: to, from }, () => base.rename(from, to)),
    unlink: (target) => step({ name: 'unlink', target }, () => base.unlink(target)),
    removeAll: async (target) => {
      const stat = await disk.stat(target)
      if (stat === undefined) return
      if (!stat.isDirectory()) return unless('ENOENT', disk.unlink(target))
      for (const { name } of await disk.list(target)) await disk.removeAll(path.join(target, name))
      await unless('ENOENT', disk.rmdir(target))
    },
    symlink: (content, target) => step({ name: 'symlink', target, text: content }, () => base.symlink(content, target)),
    readlink: (target) => looking('readlink', target, () => base.readlink(target)),
    realpath: (target) => looking('realpath', target, () => base.realpath(target)),
    readText: (target, ...how) => looking('readText', target, () => base.readText(target, ...how)),
    readFrom: (target, ...how) => looking('readFrom', target, () => base.readFrom(target, ...how)),
    list: (target) => looking('list', target, () => base.list(target)),
    stat: (target) => looking('stat', target, () => base.stat(target)),
    create: async (target) => {
      const file = await step({ name: 'create', target }, () => base.create(target))
      open.add(file)
      return hookNewFile(file, target, hook, open)
    },
    openAppend: async (target) => {
      const file = await step({ name: 'open-append', target }, () => base.openAppend(target))
      open.add(file)
      return hookAppendFile(file, target, hook, open)
    },
    copy: async (from, to, isDurable = false) => {
      const stat = fs.statSync(from)
      if (stat.isDirectory()) {
        await disk.mkdir(to)
        for (const name of fs.readdirSync(from)) await disk.copy(path.join(from, name), path.join(to, name), isDurable)
        return
      }
      const text = fs.readFileSync(from, 'utf8')
      await step({ name: 'create', target: to }, async () => fs.writeFileSync(to, '', { flag: 'wx' }))
      const write = async (bytes: number): Promise<void> => fs.writeFileSync(to, Buffer.from(text).subarray(0, bytes))
      await hook.around({ name: 'copy-content', target: to, text, isDurable }, () => write(Infinity), write)
    },
    utimes: (target, atime, mtime) => step({ name: 'utimes', target }, () => base.utimes(target, atime, mtime)),
    refresh: (folder) => looking('refresh', folder, () => base.refresh(folder)),
  }
  return disk
}

function hookNewFile(file: NewFile, target: string, hook: Hook, open: OpenFiles): NewFile {
  return {
    finish: async (content, isDurable) => {
      const text = typeof content === 'string' ? content : [...content].join('')
      const write = async (bytes: number): Promise<void> => {
        open.delete(file)
        await file.finish(cut(text, bytes), isDurable)
      }
      await hook.around({ name: 'finish', target, text, isDurable }, () => write(Infinity), write)
    },
    close: async () => {
      await hook.look('close', target)
      open.delete(file)
      await file.close()
    },
  }
}

function hookAppendFile(file: AppendFile, target: string, hook: Hook, open: OpenFiles): AppendFile {
  return {
    append: (text, isDurable) => {
      const write = async (bytes: number): Promise<void> => file.append(cut(text, bytes), isDurable)
      return hook.around({ name: 'append', target, text, isDurable }, () => write(Infinity), write)
    },
    isInPlace: async () => {
      await hook.look('isInPlace', target)
      return file.isInPlace()
    },
    close: async () => {
      await hook.look('close', target)
      open.delete(file)
      await file.close()
    },
  }
}

function cut(text: string, bytes: number): string {
  return bytes === Infinity ? text : Buffer.from(text).subarray(0, bytes).toString()
}

async function unless(code: string, act: Promise<void>): Promise<void> {
  try {
    await act
  } catch (error) {
    if (codeOf(error) !== code) throw error
  }
}

export async function closeAll(open: OpenFiles): Promise<void> {
  for (const file of open) {
    try {
      await file.close()
    } catch {
      // Closed already.
    }
  }
  open.clear()
}
