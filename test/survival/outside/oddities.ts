/** Every kind of thing that can stand under a file's name, as a line of sh that puts it there. */
import { type Need, isMet } from '../../rig/needs.ts'

export interface Oddity {
  readonly name: string
  /**
   * FILE is the place, NEIGHBOUR the same place in another job's folder, OUTSIDE a folder outside
   * of the site.
   */
  readonly make: string
  readonly needs?: Need
  /** The entry of that name is then neither missing nor a file of the site's user. */
  readonly isNoFile?: true
  readonly isLink?: true
  /** The site's user may not read it. */
  readonly isClosed?: true
  /** The text is as it was, and may be read. */
  readonly isWhole?: true
}

const SOCKET = `perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "FILE", Listen => 1) or die'`

const ODDITIES: readonly Oddity[] = [
  { name: 'missing', make: 'rm -rf FILE' },
  { name: 'empty', make: 'rm -rf FILE; : >FILE' },
  { name: 'garbage', make: `rm -rf FILE; printf '}{ \\001\\377\\n[: -\\n' >FILE` },
  { name: 'nuls', make: 'rm -rf FILE; head -c 4096 /dev/zero >FILE' },
  { name: 'huge', make: 'rm -rf FILE; truncate -s 3G FILE' },
  { name: 'folder', make: 'rm -rf FILE; mkdir -p FILE/inside', isNoFile: true },
  { name: 'pipe', make: 'rm -rf FILE; mkfifo FILE', isNoFile: true },
  { name: 'socket', make: `rm -rf FILE; ${SOCKET}`, isNoFile: true },
  { name: 'device', make: 'rm -rf FILE; mknod -m 666 FILE c 1 5', isNoFile: true, needs: 'root' },
  { name: 'link-in', make: 'rm -rf FILE; ln -s NEIGHBOUR FILE', isNoFile: true, isLink: true },
  { name: 'link-out', make: 'rm -rf FILE; ln -s OUTSIDE/thesis FILE', isNoFile: true, isLink: true },
  { name: 'link-to-folder', make: 'rm -rf FILE; ln -s OUTSIDE/folder FILE', isNoFile: true, isLink: true },
  { name: 'link-to-nothing', make: 'rm -rf FILE; ln -s OUTSIDE/nothing FILE', isNoFile: true, isLink: true },
  { name: 'link-to-itself', make: 'rm -rf FILE; ln -s FILE FILE', isNoFile: true, isLink: true },
  { name: 'unreadable', make: 'chmod 000 FILE', isClosed: true },
  { name: 'foreign', make: 'chown 0:0 FILE; chmod 600 FILE', needs: 'root', isClosed: true },
  { name: 'immutable', make: 'chattr +i FILE', needs: 'chattr, for root', isWhole: true },
  { name: 'future', make: 'touch -d 2100-01-01 FILE', isWhole: true },
  { name: 'past', make: 'touch -d 1970-01-02 FILE', isWhole: true },
]

export const ODDITIES_HERE = ODDITIES.filter(({ needs }) => needs === undefined || isMet(needs))

export interface Surroundings {
  readonly neighbour: string
  readonly outside: string
}

export function lineOf({ make }: Oddity, file: string, { neighbour, outside }: Surroundings): string {
  return make.replaceAll('FILE', file).replaceAll('NEIGHBOUR', neighbour).replaceAll('OUTSIDE', outside)
}
