/** The words that copy files between this machine and another: cp, rsync or scp, and ssh for what has to be done over there. */
import type { Aside } from '../core/job/aside.ts'
import type { StagePlace } from '../core/job/stage-url.ts'
import { quoteShellWord } from '../lib/text/shell-words.ts'

/** No question may be asked: nobody is there to answer. */
const SSH_OPTIONS = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', '-o', 'ServerAliveInterval=30']

/**
 * Copies what is at `place` into `folder`, which is there; links are followed. What an earlier copy has left there is gone on with, or replaced.
 * @param hasRsync whether rsync is installed here
 */
export function fetchWords(place: StagePlace, folder: string, hasRsync: boolean): string[] {
  const { host, path } = place
  if (host === undefined) return ['cp', '-pRL', '--', path, `${folder}/`]
  return [...remoteWords(place, hasRsync), `${host}:${path}`, `${folder}/`]
}

/** All absolute. */
export interface LocalCopy {
  readonly from: string
  readonly to: string
}

/** Pairs of source and target. What was begun at a target earlier is replaced. */
const forPairs = (act: string): string =>
  `while [ "$#" -gt 0 ]; do rm -rf -- "$2" && ${act} -- "$1" "$2" || exit; shift 2; done`

/** What one command takes, with paths of the usual length: a system's limit is some 2 MB. */
const MOST_COPIES = 1000

/** Commands that copy files and folders on this machine, each to where it is wanted; links are followed. */
export function copyWords(copies: readonly LocalCopy[]): string[][] {
  return pairWords('cp -pRL', copies)
}

/** Commands that make links to `from`, each where it is wanted. */
export function linkWords(links: readonly LocalCopy[]): string[][] {
  return pairWords('ln -s', links)
}

function pairWords(act: string, all: readonly LocalCopy[]): string[][] {
  const commands: string[][] = []
  for (let at = 0; at < all.length; at += MOST_COPIES) {
    const pairs = all.slice(at, at + MOST_COPIES).flatMap(({ from, to }) => [from, to])
    commands.push(['/bin/sh', '-c', forPairs(act), 'bjob', ...pairs])
  }
  return commands
}

/** Copies files and folders, by absolute path, into a folder at `place`, which is there. */
export function sendWords(files: readonly string[], place: StagePlace, folder: string, hasRsync: boolean): string[] {
  const { host } = place
  if (host === undefined) return ['cp', '-pRL', '--', ...files, `${folder}/`]
  return [...remoteWords(place, hasRsync), ...files, `${host}:${folder}/`]
}

function remoteWords({ transport }: StagePlace, hasRsync: boolean): string[] {
  const isRsync = transport === 'rsync' || (transport === undefined && hasRsync)
  // Not -q: that would keep ssh's own words from the log.
  if (!isRsync) return ['scp', '-rp', ...SSH_OPTIONS, '--']
  return ['rsync', '-rLpt', '--partial', '-e', ['ssh', ...SSH_OPTIONS].join(' '), '--']
}

/** Runs a command where `place` is. */
export function wordsAt({ host }: StagePlace, words: readonly string[]): string[] {
  return host === undefined ? [...words] : ['ssh', ...SSH_OPTIONS, '--', host, words.map(quoteShellWord).join(' ')]
}

const MAKE_ASIDE = `mkdir -p -- "$1" && cd -- "$1" || exit
for left in "$3"*; do
  [ -d "$left" ] && [ "$left" != "$2" ] || continue
  if [ -e "$2" ]; then rm -rf -- "$left"; else mv -- "$left" "$2" 2>/dev/null; fi
done
mkdir -p -- "$2"`

/** Makes the folder where files arrive, in `folder`, which is made where it is not there; what a launcher that died has left of them is taken over. */
export function makeAsideWords(folder: string, { name, prefix }: Aside): string[] {
  return ['/bin/sh', '-c', MAKE_ASIDE, 'bjob', folder, name, prefix]
}

/**
 * Brings what has arrived aside into place, each by a rename: nobody sees half of one. What stood there is replaced; only where a folder is
 * involved there is a moment without either. Doing it again after it was cut off is harmless. With `durable`, it is on the disk afterwards.
 */
const PUBLISH = `cd -- "$1" || exit; aside=$2; durable=$3; shift 3
if [ "$durable" ]; then find "$aside" ! -type l -exec sync {} + || exit; fi
for name do
  if [ -L "$name" ] || { [ -e "$name" ] && { [ -d "$name" ] || [ -d "$aside/$name" ]; }; }; then
    rm -rf -- "$aside/.old" && mv -- "$name" "$aside/.old" || exit
  fi
  mv -f -- "$aside/$name" "$name" || exit
done
rm -rf -- "$aside"
if [ "$durable" ]; then sync .; fi`

/** @param aside the folder's name in `folder`, which begins with a dot */
export function publishWords(folder: string, aside: string, names: readonly string[], isDurable: boolean): string[] {
  return ['/bin/sh', '-c', PUBLISH, 'bjob', folder, aside, isDurable ? 'durable' : '', ...names]
}
