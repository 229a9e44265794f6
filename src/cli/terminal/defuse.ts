/** Text of somebody else's on a terminal: it may be coloured, and it must not move the cursor, ring, set the title or answer for the user. */

/* eslint-disable no-control-regex -- control characters are just what has to go */
/** All but newline, tab and colours; and the marks that turn the direction of writing. As bytes, each a character: UTF-8's C1 are two of them. */
const HARMFUL_BYTES = /\u001B(?!\[[\d;]*m)|[\u0000-\u0008\u000B-\u001A\u001C-\u001F\u007F]|\u00C2[\u0080-\u009F]/g
const HARMFUL = /\u001B(?!\[[\d;]*m)|[\u0000-\u0008\u000B-\u001A\u001C-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g
/* eslint-enable no-control-regex */

/** @returns `text` with a question mark for each character that would do something */
export function defuse(text: string): string {
  return text.replaceAll(HARMFUL, '?')
}

/** As `defuse`, of bytes that may begin and end anywhere; a carriage return, which progress bars live on, stays. */
export function defuseBytes(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1')
  const safe = text.replaceAll(HARMFUL_BYTES, (found) => (found === '\r' ? found : '?'))
  return safe === text ? bytes : Buffer.from(safe, 'latin1')
}
