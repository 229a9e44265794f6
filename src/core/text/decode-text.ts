/** Decodes text from users and their programs. */
import { requestError } from './errors.ts'

const NEWLINE = 0x0a
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * UTF-8, with or without a byte order mark.
 * @param file for error messages
 * @param firstLine line number at the start of `bytes`
 * @throws BjobError `not-utf8` with the line: replacing invalid bytes would change a name or a
 *   command
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

/** @returns undefined if the bytes are not UTF-8 */
export function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
