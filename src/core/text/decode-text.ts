/** Text that people and their programs hand in, from its bytes. */
import { requestError } from './errors.ts'

const NEWLINE = 0x0a
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * UTF-8, with or without a byte order mark.
 * @param file named in errors
 * @param firstLine the number of the line that `bytes` begin with
 * @throws BjobError `not-utf8` with the line: bytes that mean nothing would be replaced, and a name or a command be another one
 */
export function decodeText(bytes: Uint8Array, file: string, firstLine = 1): string {
  const text = tryDecode(bytes)
  if (text !== undefined) return text
  let line = firstLine
  for (let at = 0; at < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, at)
    const end = newline < 0 ? bytes.length : newline + 1
    if (tryDecode(bytes.subarray(at, end)) === undefined) break
    at = end
  }
  throw requestError('not-utf8', `line ${line} is not UTF-8`, { path: file, line })
}

/** @returns undefined for bytes that are not UTF-8 */
export function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
