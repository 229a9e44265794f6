/**
 * Commands that copy files between this machine and another: cp, rsync or scp, and ssh for remote
 * steps.
 */
import type { Aside } from '../core/job/aside.ts'
import type { StagePlace } from '../core/job/stage-url.ts'
import { quoteShellWord } from '../lib/text/shell-words.ts'

/** Disables prompts, which nobody could answer. */
const SSH_OPTIONS = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', '-o', 'ServerAliveInterval=30']

/**
 * Copies the file or folder at `place` into the existing `folder`, following links. Continues or
 * replaces an earlier partial copy.
 * @param hasRsync true if rsync is installed here
 */
export function fetchWords(place: StagePlace, folder: string, hasRsync: boolean): string[] {
  const { host, path } = place
  if (host === undefined) return ['cp', '-pRL', '--', path, `${folder}/`]
  return [...remoteWords(place, hasRsync), `${host}:${path}`, `${folder}/`]
}

/** Absolute paths. */
export interface LocalCopy {
  readonly from: string
  readonly to: string
}

/** Pairs of source and target. A partial target is replaced. */
const forPairs = (act: string): string =>
  `while [ "$#" -gt 0 ]; do rm -rf -- "$2" && ${act} -- "$1" "$2" || exit; shift 2; done`

/** Paths per command, for paths of usual length: the system's limit is about 2 MB. */
const MOST_COPIES = 1000

/** Commands that copy files and folders on this machine to their targets, following links. */
export function copyWords(copies: readonly LocalCopy[]): string[][] {
  return pairWords('cp -pRL', copies)
}

/** Commands that make links to `from` at the given targets. */
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

/** Copies files and folders, by absolute path, into an existing folder at `place`. */
export function sendWords(files: readonly string[], place: StagePlace, folder: string, hasRsync: boolean): string[] {
  const { host } = place
  if (host === undefined) return ['cp', '-pRL', '--', ...files, `${folder}/`]
  return [...remoteWords(place, hasRsync), ...files, `${host}:${folder}/`]
}

function remoteWords({ transport }: StagePlace, hasRsync: boolean): string[] {
  const isRsync = transport === 'rsync' || (transport === undefined && hasRsync)
  // Not -q, which would keep ssh's messages out of the log.
  if (!isRsync) return ['scp', '-rp', ...SSH_OPTIONS, '--']
  return ['rsync', '-rLpt', '--partial', '-e', ['ssh', ...SSH_OPTIONS].join(' '), '--']
}

/** Runs a command on the host of `place`. */
export function wordsAt({ host }: StagePlace, words: readonly string[]): string[] {
  return host === undefined ? [...words] : ['ssh', ...SSH_OPTIONS, '--', host, words.map(quoteShellWord).join(' ')]
}

const MAKE_ASIDE = `mkdir -p -- "$1" && cd -- "$1" || exit
for left in "$3"*; do
  [ -d "$left" ] && [ "$left" != "$2" ] || continue
  if [ -e "$2" ]; then rm -rf -- "$left"; else mv -- "$left" "$2" 2>/dev/null; fi
done
mkdir -p -- "$2"`

/**
 * Makes the temporary folder for arriving files in `folder`, creating both, and takes over the
 * files that a dead launcher left.
 */
export function makeAsideWords(folder: string, { name, prefix }: Aside): string[] {
  return ['/bin/sh', '-c', MAKE_ASIDE, 'bjob', folder, name, prefix]
}

/**
 * Renames arrived files into place, so that nobody sees half of one. An existing file is replaced
 * atomically; a folder is missing for a moment. Repeating it after an interruption is harmless.
 * With `durable`, the files are flushed to disk.
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

/** @param aside name of the temporary folder in `folder`, starting with a dot */
export function publishWords(folder: string, aside: string, names: readonly string[], isDurable: boolean): string[] {
  return ['/bin/sh', '-c', PUBLISH, 'bjob', folder, aside, isDurable ? 'durable' : '', ...names]
}
