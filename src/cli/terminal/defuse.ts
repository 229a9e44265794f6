/**
 * Defuses foreign text for a terminal: colours are allowed, but not cursor movements, bells, titles
 * or answers to queries.
 */

/* eslint-disable no-control-regex -- control characters are just what has to go */
/**
 * Control characters except newline, tab and colours, and marks of writing direction. As bytes, one
 * character each: UTF-8's C1 are two bytes.
 */
const HARMFUL_BYTES = /\u001B(?!\[[\d;]*m)|[\u0000-\u0008\u000B-\u001A\u001C-\u001F\u007F]|\u00C2[\u0080-\u009F]/g
const HARMFUL = /\u001B(?!\[[\d;]*m)|[\u0000-\u0008\u000B-\u001A\u001C-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g
/* eslint-enable no-control-regex */

/** @returns `text` with a question mark for each harmful character */
export function defuse(text: string): string {
  return text.replaceAll(HARMFUL, '?')
}

/** Like `defuse`, for chunks of bytes; keeps carriage returns, which progress bars need. */
export function defuseBytes(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1')
  const safe = text.replaceAll(HARMFUL_BYTES, (found) => (found === '\r' ? found : '?'))
  return safe === text ? bytes : Buffer.from(safe, 'latin1')
}
